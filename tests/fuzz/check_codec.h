// What holds for any bytes at all as a message of a session stream: the codec by hand and the generated classes take
// them for the same. Aborts when they do not.
#pragma once

#include <string>
#include <string_view>

#include "tests/fuzz/check_parse.h"
#include "tests/unit/proto/both_readers.h"

namespace sluice::fuzz {

// Returns whether the bytes are a message.
inline bool CheckRequest(const std::string& bytes, wire::Cut cut) {
  const std::string meaning = wire::RequestByGenerated(bytes);
  Require(wire::RequestByHand(bytes, cut) == meaning, "a request means the same to both", meaning);
  return meaning != wire::kUnreadable;
}

inline bool CheckResponse(const std::string& bytes, wire::Cut cut) {
  const std::string meaning = wire::ResponseByGenerated(bytes);
  Require(wire::ResponseByHand(bytes, cut) == meaning, "a response means the same to both", meaning);
  return meaning != wire::kUnreadable;
}

}  // namespace sluice::fuzz
