#include "client/cpp/src/turns.h"

#include <algorithm>

namespace sluice::detail {
namespace {

bool IsOver(SteadyTime until) { return until != SteadyTime::max() && SteadyNow() >= until; }

}  // namespace

// ---- calls -------------------------------------------------------------------------------------

bool Turns::Await(const std::shared_ptr<Waiting>& waiting, SteadyTime until) {
  bool is_poked = false;  // the turn was left to this call, which takes it also to pass it on
  while (is_poked || !waiting->answered()) {
    is_poked = false;
    if (TakeTurn(waiting)) {
      Drive(*waiting, until);
      if (IsOver(until)) break;
    } else if (is_poked = waiting->Sleep(until); !is_poked) {
      if (IsOver(until)) LeaveLine(waiting);
      break;
    }
  }
  return waiting->answered();
}

void Turns::LeaveLine(const std::shared_ptr<Waiting>& waiting) {
  MutexLock lock(mutex_);
  std::erase(sleepers_, waiting);
  if (waiting->Unpoke() && !taken_) PassOn();
}

bool Turns::TakeTurn(const std::shared_ptr<Waiting>& waiting) {
  MutexLock lock(mutex_);
  if (!taken_ && !KeepersTurn()) {
    taken_ = true;
    ++turns_;
    return true;
  }
  if (sleepers_.size() >= most_sleepers_) {
    std::erase_if(sleepers_, [](const auto& each) { return each->answered(); });
    most_sleepers_ = std::max(kFewSleepers, 2 * sleepers_.size());
  }
  sleepers_.push_back(waiting);
  return false;
}

void Turns::Drive(const Waiting& waiting, SteadyTime until) {
  while (!waiting.answered() && !KeepersTurn() && !IsOver(until) && step_(until)) {
  }
  MutexLock lock(mutex_);
  taken_ = false;
  PassOn();
}

void Turns::PassOn() {
  if (!KeepersTurn()) {
    while (SomebodyWaits()) {
      const std::shared_ptr<Waiting> next = std::move(sleepers_.front());
      sleepers_.pop_front();
      if (!next->Poke()) continue;  // it was answered just now
      ++turns_;                     // as good as taken; a call that comes too late for it gets in line again
      return;
    }
    if (!keeper_sleeps_) return;  // it looks before long
  }
  CallKeeper();
}

bool Turns::SomebodyWaits() {
  while (!sleepers_.empty() && sleepers_.front()->answered()) sleepers_.pop_front();
  return !sleepers_.empty();
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
      look_soon_ = false;  // a step is a look
    }
    bool wanted = false;  // by a call
    while (more && !wanted) {
      more = step_(SteadyTime::max());
      MutexLock lock(mutex_);
      wanted = !KeepersTurn() && SomebodyWaits();
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
    if (!taken_ && (KeepersTurn() || (quiet && !SomebodyWaits()))) return;
    keeper_sleeps_ = taken_ && quiet && !look_soon_;  // one and the same call has it for long
    while (keeper_sleeps_ && !keeper_called_) keeper_woken_.Wait(mutex_);
    if (!keeper_called_) keeper_woken_.WaitFor(mutex_, kBetweenCalls);
    keeper_sleeps_ = keeper_called_ = false;
    if (taken_ && std::exchange(look_soon_, false)) Look();
  }
}

void Turns::Look() {
  mutex_.unlock();
  look_();
  mutex_.lock();
}

bool Turns::LookSoon() {
  MutexLock lock(mutex_);
  if (keeper_has_it_) return false;
  look_soon_ = true;
  if (std::exchange(keeper_sleeps_, false)) keeper_woken_.NotifyOne();  // to wait for a while
  return true;
}

bool Turns::SetKeepersTurn(bool keepers) {
  MutexLock lock(mutex_);
  keepers_turn_.store(keepers, std::memory_order_relaxed);
  if (!taken_) PassOn();
  return keepers && taken_ && !keeper_has_it_;
}

}  // namespace sluice::detail
