// What the threads of one bench share: the numbers of the items, the account of them, the end.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <sluice/client.h>
#include <sluice/mutex.h>

#include "client/cli/bench.h"
#include "client/cli/either_stop.h"
#include "client/cli/latency.h"

namespace sluice::cli {

// Thread safety: all methods may be called from any thread.
class BenchRun {
 public:
  using Clock = std::chrono::steady_clock;
  using TextQueue = Queue<std::string>;

  // What one thread did.
  struct Part {
    std::uint64_t put_items = 0;
    Latency put;
    Latency get;
    std::vector<std::uint64_t> finished;
  };

  // Borrows: options and progress.
  BenchRun(const BenchOptions& options, const std::function<void(std::uint64_t)>& progress,
           const std::stop_token& stop);

  const BenchOptions& options() const { return options_; }
  std::stop_token stop_token() const { return stop_.token(); }

  // Runs what a thread does; what it throws ends all of them.
  void Guard(const std::function<void(Part&)>& thread);

  // Puts one batch with the next numbers; returns how many items, 0 when enough is put.
  std::size_t PutBatch(const TextQueue& queue, Part& part);
  // Gets up to `most` items and finishes them; returns how many. Throws what the get throws.
  std::size_t GetBatch(const TextQueue& queue, std::size_t most, bool until_finished, Part& part);
  // Settles items that this part got.
  void Finish(std::vector<TextQueue::task_type>& tasks, const TextQueue& queue, Part& part);

  // After the threads. Throws the first exception of any.
  BenchResult Result(Clock::duration took);

 private:
  // [first, first + n); n is 0 when enough is put.
  std::pair<std::uint64_t, std::uint64_t> NextNumbers();

  const BenchOptions& options_;
  const std::function<void(std::uint64_t)>& progress_;
  EitherStop stop_;
  const Clock::time_point end_;
  std::atomic<std::uint64_t> next_number_{0};

  Mutex mutex_;
  Part all_ SLUICE_GUARDED_BY(mutex_);
  std::exception_ptr error_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::cli
