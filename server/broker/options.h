// What a broker may use.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "common/limits.h"

namespace sluice::journal {
class Journal;
}

namespace sluice::broker {

struct BrokerOptions {
  std::size_t memory_bytes = limits::kMemoryBytes;
  std::size_t max_queues = limits::kQueues;
  std::size_t max_namespaces = limits::kNamespaces;
  std::size_t max_waiters = limits::kWaiters;
  std::size_t max_sessions = limits::kSessions;
  std::size_t log_bytes = limits::kLogBytes;          // in a namespace's log up to this size items stay where they are
  std::size_t window_bytes = limits::kPagingBytes;    // of a long queue's contents that are in memory
  std::size_t batch_bytes = limits::kBatchFillBytes;  // a batch for the journal that is larger takes no more puts
  std::chrono::milliseconds grace = limits::kGrace;   // a session without a stream is kept this long
};

// Where a broker keeps what is to survive it.
struct Storage {
  journal::Journal* journal = nullptr;  // null: queues live in memory. Borrows: for life
  // Runs a task that may block, in another thread. Null: it is run at once, in the thread that asks.
  std::function<void(std::function<void()>)> run_blocking{};
  // Told once for each namespace that can be served no more. Null: nobody.
  std::function<void(const std::string& trouble)> report{};
  // Told once when a namespace waits for a journal that takes nothing now, and once when it goes on. Null: nobody.
  std::function<void(const std::string& what)> note{};
};

}  // namespace sluice::broker
