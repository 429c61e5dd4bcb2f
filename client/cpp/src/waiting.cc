#include "client/cpp/src/waiting.h"

#include <utility>

namespace sluice::detail {

void Waiting::Finish(Answer&& answer, Epoch epoch) {
  MutexLock lock(mutex_);
  called_.emplace(Called{std::move(answer), epoch});
  answered_.store(true, std::memory_order_release);
  if (asleep_) changed_.NotifyOne();
}

void Waiting::Poke() {
  MutexLock lock(mutex_);
  poked_ = true;
  if (asleep_) changed_.NotifyOne();
}

bool Waiting::Sleep() {
  MutexLock lock(mutex_);
  asleep_ = true;
  while (!called_ && !poked_) changed_.Wait(mutex_);
  asleep_ = false;
  return std::exchange(poked_, false);
}

Called Waiting::Take() {
  MutexLock lock(mutex_);
  return *std::move(called_);
}

}  // namespace sluice::detail
