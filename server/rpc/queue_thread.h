// One completion queue and the one thread that serves it, with all work inline: no hop to another thread.
#pragma once

#include <memory>
#include <thread>
#include <utility>

#include <grpcpp/completion_queue.h>

namespace sluice::rpc {

// Work that is better done once, after everything that one event brings about.
class Deferred {
 public:
  virtual void RunDeferred() = 0;

 protected:
  ~Deferred() = default;
};

class QueueThread {
 public:
  explicit QueueThread(std::unique_ptr<grpc::ServerCompletionQueue> queue) : queue_(std::move(queue)) {}
  ~QueueThread() { Stop(); }
  QueueThread(const QueueThread&) = delete;
  QueueThread& operator=(const QueueThread&) = delete;

  grpc::ServerCompletionQueue& queue() { return *queue_; }

  void Start();
  // Handles what is left and ends the thread. Idempotent.
  // Requires: no more operations are begun on the queue: the server has shut down and all calls are gone.
  void Stop();

  // In a queue's thread: runs `work` when the event at hand has been handled. In another thread: runs it now.
  // Thread safety: may be called from any thread.
  // Borrows: `work`, until it has run.
  static void AfterEvent(Deferred* work);

 private:
  void Run();

  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::thread thread_;
};

}  // namespace sluice::rpc
