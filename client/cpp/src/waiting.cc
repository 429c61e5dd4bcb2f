#include "client/cpp/src/waiting.h"

#include <utility>

namespace sluice::detail {

// Notifies after the mutex is free: the thread that wakes up would only wait for it.
void Waiting::Finish(Answer&& answer, Epoch epoch) {
  bool asleep = false;
  {
    MutexLock lock(mutex_);
    called_.emplace(Called{std::move(answer), epoch});
    answered_.store(true, std::memory_order_release);
    asleep = asleep_;
  }
  if (asleep) changed_.NotifyOne();
}

bool Waiting::Poke() {
  bool asleep = false;
  {
    MutexLock lock(mutex_);
    if (called_) return false;
    poked_ = true;
    asleep = asleep_;
  }
  if (asleep) changed_.NotifyOne();
  return true;
}

bool Waiting::Sleep(SteadyTime until) {
  MutexLock lock(mutex_);
  asleep_ = true;
  while (!called_ && !poked_) {
    if (until == SteadyTime::max()) {
      changed_.Wait(mutex_);
    } else if (const SteadyTime now = SteadyNow(); now < until) {
      changed_.WaitFor(mutex_, until - now);
    } else {
      break;
    }
  }
  asleep_ = false;
  return std::exchange(poked_, false);
}

bool Waiting::Unpoke() {
  MutexLock lock(mutex_);
  return std::exchange(poked_, false);
}

Called Waiting::Take() {
  MutexLock lock(mutex_);
  return *std::move(called_);
}

}  // namespace sluice::detail
