#include <sluice/worker_pool.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sluice/error.h>
#include <sluice/mutex.h>

#include "client/cpp/src/reaper.h"

namespace sluice {

using detail::Decision;
using detail::Lease;

namespace {

constexpr std::chrono::milliseconds kRetry{100};  // after a server that is away, or has no room for a waiter

thread_local const void* working_here = nullptr;  // the pool that this thread belongs to

bool IsPassing(const Error& error) {
  return error.reason() == Reason::kUnavailable || error.reason() == Reason::kSessionLost ||
         error.reason() == Reason::kLimitReached;
}

}  // namespace

// Shared with the threads: the pool may be destroyed in one of them.
struct WorkerPool::State {
  State(detail::QueueHandle queue_handle, Handler task_handler)
      : queue(std::move(queue_handle)), handler(std::move(task_handler)) {}

  const detail::QueueHandle queue;
  const Handler handler;
  std::stop_source stop;

  Mutex mutex;
  std::condition_variable_any changed;
  std::size_t running SLUICE_GUARDED_BY(mutex) = 0;
  bool worked SLUICE_GUARDED_BY(mutex) = false;  // the queue was there
  WorkerCounts counts SLUICE_GUARDED_BY(mutex);
  std::exception_ptr problem SLUICE_GUARDED_BY(mutex);

  struct Thread {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> ended;  // set by the last thing it does
  };
  std::vector<Thread> threads;  // the pool's alone

  void Run();
  void WorkUntilTheEnd();
  std::optional<Lease> Get();
  void Work(Lease& lease);
  void Settle(Lease& lease, const std::optional<std::string>& error);
  void Count(Decision decision);
  void WaitUntilEnded();
  void Pause();
};

void WorkerPool::State::Run() {
  working_here = this;
  std::exception_ptr ended_by;
  try {
    WorkUntilTheEnd();
  } catch (...) {
    ended_by = std::current_exception();
  }
  MutexLock lock(mutex);
  if (ended_by && !problem) problem = ended_by;
  --running;
  changed.notify_all();
}

void WorkerPool::State::WorkUntilTheEnd() {
  while (!stop.stop_requested()) {
    std::optional<Lease> lease;
    try {
      lease = Get();
      if (!lease) return;
    } catch (const Error& error) {
      if (!IsPassing(error)) throw;
      Pause();
      continue;
    }
    if (stop.stop_requested()) return;  // the lease is released
    Work(*lease);
  }
}

// Nothing: the queue is finished or deleted, or the pool is stopped.
std::optional<Lease> WorkerPool::State::Get() {
  try {
    std::vector<Lease> leases = queue.get({.timeout = kForever, .until_finished = true, .stop = stop.get_token()});
    MutexLock lock(mutex);
    worked = true;
    return std::move(leases.front());
  } catch (const ShutDown&) {
    return std::nullopt;
  } catch (const QueueDeleted&) {
    return std::nullopt;
  } catch (const Cancelled&) {
    return std::nullopt;  // the pool is stopped, or the client closed
  } catch (const QueueNotFound&) {
    MutexLock lock(mutex);
    if (!worked) throw;
    return std::nullopt;  // deleted meanwhile
  }
}

void WorkerPool::State::Work(Lease& lease) {
  std::optional<std::string> error;
  try {
    handler(lease);
  } catch (const std::exception& exception) {
    error = exception.what();
  } catch (...) {
    error = "an exception that is no std::exception";
  }
  Settle(lease, error);
}

void WorkerPool::State::Settle(Lease& lease, const std::optional<std::string>& error) {
  while (lease.valid() && lease.decision() == Decision::kNone) {
    try {
      error ? lease.fail(*error) : lease.done();
    } catch (const LeaseLost&) {
      break;
    } catch (const Error& trouble) {
      // The lease is kept while the server is away: the work is done, it must not be done twice for that.
      if (!IsPassing(trouble) || stop.stop_requested()) return Count(Decision::kLost);
      Pause();
    }
  }
  Count(lease.decision());
}

void WorkerPool::State::Count(Decision decision) {
  MutexLock lock(mutex);
  switch (decision) {
    case Decision::kDone: ++counts.done; break;
    case Decision::kFailed: ++counts.failed; break;
    case Decision::kReleased: ++counts.released; break;
    case Decision::kLost: ++counts.lost; break;
    case Decision::kNone: break;  // moved away by the handler
  }
}

// In a handler: until all others have ended.
void WorkerPool::State::WaitUntilEnded() {
  MutexLock lock(mutex);
  while (running > (working_here == this ? 1 : 0)) changed.wait(mutex);
}

void WorkerPool::State::Pause() {
  MutexLock lock(mutex);
  changed.wait_for(mutex, stop.get_token(), kRetry, [] { return false; });
}

WorkerPool::WorkerPool(detail::QueueHandle queue, std::size_t threads, Handler handler)
    : state_(std::make_shared<State>(std::move(queue), std::move(handler))) {
  if (threads == 0) throw InvalidArgument("a pool of 0 threads: use at least 1");
  if (!state_->handler) throw InvalidArgument("a pool without a handler");
  for (std::size_t i = 0; i < threads; ++i) {
    {
      MutexLock lock(state_->mutex);
      ++state_->running;
    }
    try {
      const auto ended = std::make_shared<std::atomic<bool>>(false);
      state_->threads.push_back({{}, ended});
      state_->threads.back().thread = std::thread([state = state_, ended]() mutable {
        state->Run();
        state.reset();  // perhaps the last to hold the client
        ended->store(true, std::memory_order_release);
      });
    } catch (...) {  // no more threads to be had
      {
        MutexLock lock(state_->mutex);
        --state_->running;
      }
      End();
      throw;
    }
  }
}

WorkerPool::~WorkerPool() { End(); }
WorkerPool::WorkerPool(WorkerPool&&) noexcept = default;

WorkerPool& WorkerPool::operator=(WorkerPool&& other) noexcept {
  if (this != &other) {
    End();
    state_ = std::move(other.state_);
  }
  return *this;
}

void WorkerPool::End() noexcept {
  if (!state_) return;
  state_->stop.request_stop();
  for (auto& [thread, ended] : state_->threads) {
    if (thread.get_id() == std::this_thread::get_id()) {  // in a handler that destroys its own pool
      detail::Reaper::Get().Adopt(std::move(thread), std::move(ended));
    } else if (thread.joinable()) {  // not, if there were no more threads to be had
      thread.join();
    }
  }
  state_->threads.clear();
}

void WorkerPool::request_stop() noexcept { state_->stop.request_stop(); }

void WorkerPool::stop() {
  request_stop();
  state_->WaitUntilEnded();
}

void WorkerPool::wait() {
  state_->WaitUntilEnded();
  MutexLock lock(state_->mutex);
  if (state_->problem) std::rethrow_exception(state_->problem);
}

WorkerCounts WorkerPool::counts() const {
  MutexLock lock(state_->mutex);
  return state_->counts;
}

}  // namespace sluice
