#include <sluice/clock.h>

#include <vector>

namespace sluice {

TimePoint SteadyClock::Now() const {
  using Steady = std::chrono::steady_clock;
  static const auto wall = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  static const Steady::time_point start = Steady::now();
  return wall + std::chrono::duration_cast<Duration>(Steady::now() - start);
}

SteadyClock& SteadyClock::Get() {
  static SteadyClock* clock = new SteadyClock;
  return *clock;
}

TimePoint ManualClock::Now() const {
  MutexLock lock(mutex_);
  return now_;
}

void ManualClock::Advance(Duration by) {
  MutexLock running(running_);
  std::vector<std::shared_ptr<std::function<void()>>> listeners;
  {
    MutexLock lock(mutex_);
    now_ += by;
    for (const auto& [id, listener] : listeners_) listeners.push_back(listener);
  }
  for (const auto& listener : listeners) (*listener)();
}

int ManualClock::Subscribe(std::function<void()> listener) {
  MutexLock lock(mutex_);
  listeners_.emplace(next_id_, std::make_shared<std::function<void()>>(std::move(listener)));
  return next_id_++;
}

void ManualClock::Unsubscribe(int id) {
  MutexLock running(running_);
  MutexLock lock(mutex_);
  listeners_.erase(id);
}

}  // namespace sluice
