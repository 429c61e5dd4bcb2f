#include "client/cpp/src/turns.h"

#include <chrono>

namespace sluice::detail {
namespace {

// The keeper leaves the turn to calls that follow each other more closely than this. So long nobody looks at the
// connection after the last of them.
constexpr std::chrono::milliseconds kBetweenCalls{10};

}  // namespace

// ---- calls -------------------------------------------------------------------------------------

void Turns::Await(Waiting& waiting) {
  while (!waiting.answered()) {
    if (TakeTurn()) {
      Drive(waiting);
    } else {
      SleepUntilTurn(waiting);
    }
  }
}

bool Turns::TakeTurn() {
  MutexLock lock(mutex_);
  if (taken_ || KeepersTurn()) return false;
  taken_ = true;
  ++turns_;
  return true;
}

void Turns::Drive(const Waiting& waiting) {
  while (!waiting.answered() && !KeepersTurn() && step_()) {
  }
  MutexLock lock(mutex_);
  taken_ = false;
  PassOn();
}

void Turns::SleepUntilTurn(Waiting& waiting) {
  std::list<Waiting*>::iterator place;
  {
    MutexLock lock(mutex_);
    if (!taken_ && !KeepersTurn()) return;  // it was left at this moment
    place = sleepers_.insert(sleepers_.end(), &waiting);
  }
  const bool poked = waiting.Sleep();
  MutexLock lock(mutex_);
  sleepers_.erase(place);
  if (poked && waiting.answered() && !taken_) PassOn();  // the turn that was left to this call
}

void Turns::PassOn() {
  if (!KeepersTurn()) {
    for (Waiting* const each : sleepers_) {
      if (!each->answered()) return each->Poke();
    }
    if (!keeper_sleeps_) return;  // it looks before long
  }
  CallKeeper();
}

void Turns::CallKeeper() {
  keeper_called_ = true;
  keeper_woken_.NotifyOne();
}

// ---- the keeper --------------------------------------------------------------------------------

void Turns::Keep() {
  bool more = true;
  while (more) {
    {
      MutexLock lock(mutex_);
      WaitForTurn();
      taken_ = keeper_has_it_ = true;
    }
    bool wanted = false;  // by a call
    while (more && !wanted) {
      more = step_();
      MutexLock lock(mutex_);
      wanted = !sleepers_.empty() && !KeepersTurn();
    }
    MutexLock lock(mutex_);
    taken_ = keeper_has_it_ = false;
    PassOn();
  }
}

void Turns::WaitForTurn() {
  while (true) {
    const bool quiet = turns_ == seen_;
    seen_ = turns_;
    if (!taken_ && (KeepersTurn() || (quiet && sleepers_.empty()))) return;
    keeper_sleeps_ = taken_ && quiet;  // one and the same call has it for long
    while (keeper_sleeps_ && !keeper_called_) keeper_woken_.Wait(mutex_);
    if (!keeper_called_) keeper_woken_.WaitFor(mutex_, kBetweenCalls);
    keeper_sleeps_ = keeper_called_ = false;
  }
}

bool Turns::SetKeepersTurn(bool keepers) {
  MutexLock lock(mutex_);
  keepers_turn_.store(keepers, std::memory_order_relaxed);
  if (!taken_) PassOn();
  return keepers && taken_ && !keeper_has_it_;
}

}  // namespace sluice::detail
