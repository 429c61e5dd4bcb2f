// Where a calling thread waits for its answer.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>

#include <sluice/mutex.h>

#include "client/cpp/src/lease_table.h"
#include "common/answer.h"

namespace sluice::detail {

// Deadlines: a clock set back or forward by an operator moves none.
using SteadyTime = std::chrono::steady_clock::time_point;
inline SteadyTime SteadyNow() { return std::chrono::steady_clock::now(); }

// A result and the epoch that its leases are held in.
struct Called {
  Answer answer;
  Epoch epoch = 0;
};

// One call of one thread, which waits; any other thread answers. Shared, because the answer may come while the thread
// that waited is on its way.
//
// Thread safety: Finish, Poke and answered may be called from any thread; all else from the thread that waits.
class Waiting {
 public:
  // The one answer.
  void Finish(Answer&& answer, Epoch epoch) SLUICE_EXCLUDES(mutex_);
  bool answered() const noexcept { return answered_.load(std::memory_order_acquire); }
  // Ends one Sleep without an answer. False: it is answered, and nobody would see the poke.
  bool Poke() SLUICE_EXCLUDES(mutex_);
  // Blocks: until answered or poked, or until `until`. True: poked.
  bool Sleep(SteadyTime until) SLUICE_EXCLUDES(mutex_);
  // Takes back a poke that no Sleep has seen. True: there was one.
  bool Unpoke() SLUICE_EXCLUDES(mutex_);
  // Requires: answered.
  Called Take() SLUICE_EXCLUDES(mutex_);

 private:
  std::atomic<bool> answered_{false};
  Mutex mutex_;
  CondVar changed_;
  bool asleep_ SLUICE_GUARDED_BY(mutex_) = false;
  bool poked_ SLUICE_GUARDED_BY(mutex_) = false;
  std::optional<Called> called_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::detail
