// What the codec by hand and the generated classes make of the same bytes, as text that can be compared.
#pragma once

#include <string>
#include <string_view>

#include <google/protobuf/message.h>

namespace sluice::wire {

// The bytes that the generated classes write, headers by name.
std::string BytesOf(const google::protobuf::Message& message);

inline constexpr char kUnreadable[] = "unreadable";

// As chunks of at most `chunk` bytes, the first of `first` bytes; 0 = all in one.
struct Cut {
  int first = 0;
  int chunk = 0;
};
std::string RequestByHand(std::string_view bytes, Cut cut = {});
std::string RequestByGenerated(std::string_view bytes);
std::string ResponseByHand(std::string_view bytes, Cut cut = {});
std::string ResponseByGenerated(std::string_view bytes);

}  // namespace sluice::wire
