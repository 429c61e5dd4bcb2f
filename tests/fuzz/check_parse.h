// What holds for any operation at all, however malformed. Aborts when it does not.
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <variant>

#include "common/names.h"
#include "proto/utf8.h"
#include "proto/wire.h"

namespace sluice::fuzz {

inline void Require(bool holds, const char* what, const std::string& operation) {
  if (holds) return;
  std::cerr << "broken: " << what << "\n" << operation << std::endl;
  std::abort();
}

// Parses: an operation is either refused with a short text or becomes a command that is sent and accepted again.
// Returns whether it was accepted.
inline bool CheckParse(const v1::Operation& operation) {
  const std::string text = operation.ShortDebugString().substr(0, 10'000);
  const wire::Parsed parsed = wire::Parse(v1::Operation(operation));
  if (const auto* invalid = std::get_if<wire::Invalid>(&parsed)) {
    Require(invalid->reason == Reason::kInvalidArgument || invalid->reason == Reason::kTooLarge, "its reason", text);
    Require(!invalid->message.empty() && invalid->message.size() < 1'000, "its message is of some length", text);
    Require(wire::IsUtf8(invalid->message), "its message can be sent", text);
    return false;
  }
  const auto& routed = std::get<wire::Routed>(parsed);
  Require(IsValidName(routed.space), "its namespace is a name", text);

  v1::Operation sent, received;
  wire::Write(routed.space, routed.command, &sent);
  Require(received.ParseFromString(sent.SerializeAsString()), "the command can be sent", text);
  const wire::Parsed again = wire::Parse(std::move(received));
  const auto* routed_again = std::get_if<wire::Routed>(&again);
  Require(routed_again != nullptr, "the command is accepted again", text);
  Require(routed_again->space == routed.space, "in the same namespace", text);
  Require(routed_again->command.index() == routed.command.index(), "as the same kind", text);
  return true;
}

}  // namespace sluice::fuzz
