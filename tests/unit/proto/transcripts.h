// The transcripts of PROTOCOL.md.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <vector>

namespace sluice::wire {

std::vector<std::string> ProtocolLines();

// A line that begins with an arrow, with its continuation lines.
struct Exchange {
  std::string text;
  bool request = false;  // "->"
  bool opens = false;    // names its call
  const google::protobuf::MethodDescriptor* method = nullptr;
  std::unique_ptr<google::protobuf::Message> message;  // null: a status
  std::string status;                                  // "OK" or "CODE, sluice-reason: REASON"
};

// All of them. What cannot be read fails the test.
std::vector<Exchange> Transcripts();

}  // namespace sluice::wire
