// `get --exec`: a shell command as a worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include <sluice/queue.h>

namespace sluice::cli {

struct WorkerOptions {
  std::string command;
  std::size_t workers = 1;
  std::uint64_t max_items = 0;  // 0: no end
  GetOptions get;               // stop: takes no more items
  bool output_to_stderr = false;
};

enum class Outcome { kDone, kFailed, kReleased, kLost };

// One item that was worked on.
struct WorkerReport {
  std::uint64_t id = 0;
  std::uint64_t fence = 0;
  std::uint32_t attempt = 0;
  Outcome outcome = Outcome::kDone;
  std::string detail;  // of a failure or a loss
};

struct WorkerTotals {
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::uint64_t released = 0;
  std::uint64_t lost = 0;
  bool nothing_came = false;  // ended by the timeout
};

// Runs the command for item after item: exit code 0 is done, anything else is fail with the last lines of its
// standard error. Ends when options.get.stop stops (commands that run are waited for), max_items are worked on, nothing
// came within the timeout, or the queue is shut down. Stopping `kill` ends the commands; their items are released.
// `report` is called from the workers' threads, one at a time. Throws what ended a worker otherwise.
WorkerTotals RunWorkers(const Queue<std::string>& queue, const WorkerOptions& options, const std::stop_token& kill,
                        const std::function<void(const WorkerReport&)>& report);

}  // namespace sluice::cli
