// What a link must know about a command to hold, bound and repeat it.
#pragma once

#include <cstddef>
#include <type_traits>
#include <variant>

#include <sluice/clock.h>

#include "common/command.h"

namespace sluice::detail {

// How long the operation may wait on the server: nullopt = for ever; commands that never wait have zero.
inline WaitTime TimeoutOf(const Command& command) {
  return std::visit(
      [](const auto& one) -> WaitTime {
        if constexpr (requires { one.timeout; }) {
          return one.timeout;
        } else {
          return std::chrono::milliseconds(0);
        }
      },
      command);
}

// Requires: the command can wait.
inline void SetTimeout(Command& command, WaitTime timeout) {
  std::visit(
      [&](auto& one) {
        if constexpr (requires { one.timeout; }) one.timeout = timeout;
      },
      command);
}

// True for what is said about leases. With a lost session they are lost: such a command must not be repeated, for a
// server that was started again gives fences out anew.
inline bool NamesLeases(const Command& command) {
  return std::visit(
      [](const auto& one) {
        return requires { one.fences; };
      },
      command);
}

// About how many bytes the command takes on the wire.
inline std::size_t WireBytes(const Command& command) {
  constexpr std::size_t kFrame = 32;  // of a name, a header, an item
  std::size_t bytes = kFrame;
  std::visit(
      [&](const auto& one) {
        if constexpr (requires { one.items; }) {
          for (const ContentPtr& item : one.items) {
            bytes += kFrame + item->payload.size() + item->content_type.size();
            for (const auto& [name, value] : item->headers) bytes += kFrame + name.size() + value.size();
          }
        }
        if constexpr (requires { one.fences; }) bytes += one.fences.size() * 10;
        if constexpr (requires { one.queues; }) {
          for (const auto& queue : one.queues) bytes += kFrame + queue.size();
        }
      },
      command);
  return bytes;
}

}  // namespace sluice::detail
