// N threads that run a handler over a queue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <sluice/queue.h>

namespace sluice {

struct WorkerCounts {
  std::uint64_t done = 0;
  std::uint64_t failed = 0;    // the handler threw, or decided so
  std::uint64_t released = 0;  // the handler decided so
  std::uint64_t lost = 0;      // worked on, but the lease was lost before the end: somebody else does it again
};

// A handler that returns: done. One that throws: fail with the exception's text. It may also decide itself
// (task.release()), or move the task away and decide later. Long handlers watch task.stop_token(); it does not stop
// when the pool is stopped.
//
// Ends by itself when the queue is shut down and finished (not merely empty: an item that a crashed colleague held
// still finds a worker), or deleted. Survives a server that goes away and comes back.
//
// The destructor stops the pool as stop() does: it waits for the handlers that are running. In a handler it waits for
// all others; the handler's own thread ends when that returns, and the end of the process waits for it.
//
//   sluice::WorkerPool pool(client.queue<std::string>("jobs"), 4, [](auto& task) { work(task.value()); });
//   pool.wait();
//
// Thread safety: all methods may be called from any thread; the handler too.
class WorkerPool {
 public:
  // Starts the threads. The handler is called from all of them at once. InvalidArgument: no thread, no handler.
  template <typename T, typename C>
  WorkerPool(const Queue<T, C>& queue, std::size_t threads,
             std::type_identity_t<std::function<void(Task<T, C>&)>> handler)
      : WorkerPool(queue.handle(), threads, handler ? Untyped<T, C>(std::move(handler)) : nullptr) {}
  ~WorkerPool();
  WorkerPool(WorkerPool&&) noexcept;
  WorkerPool& operator=(WorkerPool&&) noexcept;

  // No new tasks; handlers that are running finish; a task that was taken and not begun is released. Returns when
  // all threads have ended (in a handler: all others). Idempotent.
  void stop();
  // As stop, but returns at once.
  void request_stop() noexcept;
  // Returns when the pool has ended, by itself or by stop() (in a handler: all other threads). Rethrows what ended a
  // thread if it was neither of these: QueueNotFound when the queue was never there, for example.
  void wait();
  WorkerCounts counts() const;

 private:
  using Handler = std::function<void(detail::Lease&)>;
  struct State;

  WorkerPool(detail::QueueHandle queue, std::size_t threads, Handler handler);
  void End() noexcept;

  template <typename T, typename C>
  static Handler Untyped(std::function<void(Task<T, C>&)> handler) {
    return [handler = std::move(handler)](detail::Lease& lease) {
      Task<T, C> task(std::move(lease));
      const GiveBack<T, C> give_back{lease, task};
      handler(task);
    };
  }
  // The pool settles the lease after the handler, however that ended.
  template <typename T, typename C>
  struct GiveBack {
    ~GiveBack() { lease = std::move(task).lease(); }
    detail::Lease& lease;
    Task<T, C>& task;
  };

  std::shared_ptr<State> state_;
};

}  // namespace sluice
