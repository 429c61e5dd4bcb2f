// The calls that are under way: how many there are, and which of them are streams that a drain has to end.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <unordered_set>

#include <sluice/mutex.h>

namespace sluice::rpc {

class SessionStream;

// Thread safety: all methods may be called from any thread.
class LiveCalls {
 public:
  // Held by every call that gRPC has handed over, until all that it has of gRPC is gone.
  struct Leave {
    void operator()(LiveCalls* calls) const { calls->OnLeave(); }
  };
  using Ticket = std::unique_ptr<LiveCalls, Leave>;
  Ticket Enter() {
    count_.fetch_add(1);
    return Ticket(this);
  }

  void Add(SessionStream* stream) SLUICE_EXCLUDES(mutex_);
  void Remove(SessionStream* stream) SLUICE_EXCLUDES(mutex_);

  // From now on draining() is true; ends every stream. Idempotent.
  void Drain() SLUICE_EXCLUDES(mutex_);
  bool draining() const { return draining_.load(); }

  // True when no call is under way. Blocks: until then, at most until `deadline`.
  bool WaitUntilIdle(std::chrono::steady_clock::time_point deadline) SLUICE_EXCLUDES(mutex_);

 private:
  void OnLeave() SLUICE_EXCLUDES(mutex_);

  std::atomic<std::ptrdiff_t> count_{0};
  std::atomic<bool> draining_{false};
  Mutex mutex_;
  std::condition_variable_any idle_;
  std::unordered_set<SessionStream*> streams_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::rpc
