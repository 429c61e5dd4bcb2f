#include "server/broker/schedule.h"

#include "server/broker/completion.h"

namespace sluice::broker {

Schedule::Schedule(const Clock& clock, std::function<void()> wake)
    : clock_(clock), wake_(std::make_shared<const std::function<void()>>(std::move(wake))) {}

void Schedule::Arm(const std::shared_ptr<Timed>& timed, TimePoint deadline) {
  {
    MutexLock lock(mutex_);
    auto& armed = timed->armed_;
    if (armed && armed->deadline <= deadline) return;
    if (armed) entries_.erase({*armed, {}});
    armed = {deadline, ++last_number_};
    entries_.insert({*armed, timed});
    if (deadline >= promised_) return;
    promised_ = TimePoint::min();
  }
  // Deferred, because the caller may hold locks; weakly, because the broker may be gone when an outer loop runs it.
  CompletionScope::Defer([weak = std::weak_ptr(wake_)] {
    if (const auto wake = weak.lock(); wake && *wake) (*wake)();
  });
}

void Schedule::Forget(Timed& timed) {
  MutexLock lock(mutex_);
  if (!timed.armed_) return;
  entries_.erase({*timed.armed_, {}});
  timed.armed_.reset();
}

std::optional<TimePoint> Schedule::RunDue() {
  const auto due = TakeDue();
  {
    CompletionScope scope;  // ends before the next deadline is read: what completions begin is in it
    for (const auto& timed : due) timed->Due();
  }
  MutexLock lock(mutex_);
  if (entries_.empty()) {
    promised_ = TimePoint::max();
    return std::nullopt;
  }
  promised_ = entries_.begin()->place.deadline;
  return promised_;
}

std::vector<std::shared_ptr<Timed>> Schedule::TakeDue() {
  std::vector<std::shared_ptr<Timed>> due;
  const TimePoint now = clock_.Now();
  MutexLock lock(mutex_);
  promised_ = TimePoint::min();
  while (!entries_.empty() && entries_.begin()->place.deadline <= now) {
    auto owner = entries_.begin()->owner.lock();
    if (owner) {
      owner->armed_.reset();
      due.push_back(std::move(owner));
    }
    entries_.erase(entries_.begin());
  }
  return due;
}

}  // namespace sluice::broker
