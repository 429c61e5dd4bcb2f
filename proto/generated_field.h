// Fields off the wire that are left to the generated classes. Internal to proto/session_codec.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <google/protobuf/message_lite.h>

#include "proto/wire_reader.h"

namespace sluice::wire {

// Adds the message that this sized field holds to `message`. All: false as WireReader's methods.
inline bool MergeMessage(WireReader* in, std::string* scratch, google::protobuf::MessageLite* message) {
  std::string_view bytes;
  return in->View(&bytes, scratch) && message->MergeFromString({bytes.data(), bytes.size()});
}

// Adds this sized field of `message` to it.
bool MergeField(WireReader* in, std::uint32_t tag, std::string* scratch, google::protobuf::MessageLite* message);

}  // namespace sluice::wire
