// Whose turn it is to move a session's messages: one thread at a time, and the one it costs least.
//
// A thread that waits for an answer reads it itself: no other thread is woken to read it and to hand it over. With its
// answer it leaves the turn to another call that waits. When no call waits, or answers go to callbacks, the turn is the
// keeper's, a thread of the session's own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include <sluice/mutex.h>

#include "client/cpp/src/waiting.h"

namespace sluice::detail {

// Thread safety: all methods may be called from any thread; Keep from one.
class Turns {
 public:
  // The keeper leaves the turn to calls that follow each other more closely than this. So long nobody looks at the
  // connection after the last of them.
  static constexpr std::chrono::milliseconds kBetweenCalls{10};

  // `step` works until something has happened, or until the time it is given; false: there is nothing to do any more,
  // ever. It runs in the thread whose turn it is, `look` in the keeper's while a call has the turn; both under no lock.
  Turns(std::function<bool(SteadyTime until)> step, std::function<void()> look)
      : step_(std::move(step)), look_(std::move(look)) {}

  // Blocks: until answered, or until `until`. True: answered. False: nobody counts on this thread; it may await again.
  bool Await(const std::shared_ptr<Waiting>& waiting, SteadyTime until = SteadyTime::max()) SLUICE_EXCLUDES(mutex_);
  // The keeper's life. Blocks: until there is nothing to do any more.
  void Keep() SLUICE_EXCLUDES(mutex_);

  // True: the turn is the keeper's from now on, because something is to be done that no thread waits for. Returns true
  // when a call has the turn just now: its step must be ended.
  bool SetKeepersTurn(bool keepers) SLUICE_EXCLUDES(mutex_);

  // True: somebody takes a step, or the keeper looks, in kBetweenCalls or two. False: the keeper waits for the next
  // event, however long.
  bool LookSoon() SLUICE_EXCLUDES(mutex_);

 private:
  static constexpr std::size_t kFewSleepers = 64;

  bool KeepersTurn() const { return keepers_turn_.load(std::memory_order_relaxed); }
  // True: the turn is the caller's. False: it stands in line.
  bool TakeTurn(const std::shared_ptr<Waiting>& waiting) SLUICE_EXCLUDES(mutex_);
  void Drive(const Waiting& waiting, SteadyTime until) SLUICE_EXCLUDES(mutex_);
  // The call does not stand in line any more, and gives the turn away if it was just left to it.
  void LeaveLine(const std::shared_ptr<Waiting>& waiting) SLUICE_EXCLUDES(mutex_);
  // The turn is nobody's: wakes who is to take it.
  void PassOn() SLUICE_REQUIRES(mutex_);
  bool SomebodyWaits() SLUICE_REQUIRES(mutex_);
  void CallKeeper() SLUICE_REQUIRES(mutex_);
  void WaitForTurn() SLUICE_REQUIRES(mutex_);
  // Releases the mutex meanwhile.
  void Look() SLUICE_REQUIRES(mutex_);

  const std::function<bool(SteadyTime until)> step_;
  const std::function<void()> look_;
  std::atomic<bool> keepers_turn_{false};  // changes under the mutex
  Mutex mutex_;
  CondVar keeper_woken_;
  bool taken_ SLUICE_GUARDED_BY(mutex_) = false;
  bool keeper_has_it_ SLUICE_GUARDED_BY(mutex_) = false;
  bool keeper_sleeps_ SLUICE_GUARDED_BY(mutex_) = false;  // until it is called
  bool keeper_called_ SLUICE_GUARDED_BY(mutex_) = false;
  bool look_soon_ SLUICE_GUARDED_BY(mutex_) = false;
  std::uint64_t turns_ SLUICE_GUARDED_BY(mutex_) = 0;  // that calls have taken so far
  std::uint64_t seen_ SLUICE_GUARDED_BY(mutex_) = 0;   // turns_ when the keeper last looked
  // Calls that wait while the turn is another's, and some that were answered since.
  std::deque<std::shared_ptr<Waiting>> sleepers_ SLUICE_GUARDED_BY(mutex_);
  std::size_t most_sleepers_ SLUICE_GUARDED_BY(mutex_) = kFewSleepers;  // then the answered ones go
};

}  // namespace sluice::detail
