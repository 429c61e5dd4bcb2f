// N threads that run a handler over a queue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include <sluice/queue.h>

namespace sluice {

namespace detail {

// The untyped half: threads, counting, stopping.
class WorkerThreads {
 public:
  // `work_one` takes one task and works it off; false ends the thread. It gets the pool's stop token.
  WorkerThreads(std::size_t threads, std::function<bool(std::stop_token)> work_one);
  ~WorkerThreads();
  WorkerThreads(WorkerThreads&&) noexcept;
  WorkerThreads& operator=(WorkerThreads&&) noexcept;

  void request_stop() noexcept;
  void wait();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace detail

struct WorkerCounts {
  std::uint64_t done = 0;
  std::uint64_t failed = 0;  // the handler threw
  std::uint64_t lost = 0;    // finished, but the lease was lost before: somebody else does it again
};

// A handler that returns: done. One that throws: fail with the exception's text. Ends by itself when the queue is
// shut down and finished (not merely empty: an item that a crashed colleague held still finds a worker), or deleted.
//
// The destructor stops the pool as stop() does: it waits for the handlers that are running.
//
// Thread safety: all methods may be called from any thread.
class WorkerPool {
 public:
  // The handler is called from all threads at once.
  template <typename T, typename C>
  WorkerPool(Queue<T, C> queue, std::size_t threads, std::function<void(Task<T, C>&)> handler)
      : counters_(std::make_shared<Counters>()),
        threads_(threads, [queue, handler = std::move(handler), counters = counters_](std::stop_token stop) {
          return WorkOne<T, C>(queue, handler, *counters, std::move(stop));
        }) {}

  // No new tasks; handlers that are running finish; tasks that were taken and not begun are released. Returns when
  // all threads have ended.
  void stop() {
    threads_.request_stop();
    threads_.wait();
  }
  // Returns when the pool has ended by itself or by stop(). Rethrows what ended a thread, if it was neither.
  void wait() { threads_.wait(); }
  WorkerCounts counts() const;

 private:
  struct Counters;
  template <typename T, typename C>
  static bool WorkOne(const Queue<T, C>& queue, const std::function<void(Task<T, C>&)>& handler, Counters& counters,
                      std::stop_token stop);

  std::shared_ptr<Counters> counters_;
  detail::WorkerThreads threads_;
};

}  // namespace sluice
