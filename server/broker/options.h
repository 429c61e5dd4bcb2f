// What a broker may use.
#pragma once

#include <chrono>
#include <cstddef>

#include "common/limits.h"

namespace sluice::broker {

struct BrokerOptions {
  std::size_t memory_bytes = limits::kMemoryBytes;
  std::size_t max_queues = limits::kQueues;
  std::size_t max_namespaces = limits::kNamespaces;
  std::size_t max_waiters = limits::kWaiters;
  std::size_t max_sessions = limits::kSessions;
  std::chrono::milliseconds grace = limits::kGrace;  // a session without a stream is kept this long
};

}  // namespace sluice::broker
