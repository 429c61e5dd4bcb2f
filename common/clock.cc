#include <sluice/clock.h>

#include <algorithm>
#include <cassert>
#include <thread>
#include <utility>
#include <vector>

namespace sluice {

int Clock::Subscribe(std::function<void()>) { return 0; }
void Clock::Unsubscribe(int) {}

TimePoint SteadyClock::Now() const {
  using Steady = std::chrono::steady_clock;
  struct Origin {
    TimePoint wall = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    Steady::time_point steady = Steady::now();
  };
  static const Origin origin;
  return origin.wall + std::chrono::duration_cast<Duration>(Steady::now() - origin.steady);
}

SteadyClock& SteadyClock::Get() {
  static SteadyClock* clock = new SteadyClock;
  return *clock;
}

// Guarded by the clock's mutex, but for `call`, which never changes.
struct ManualClock::Listener {
  explicit Listener(std::function<void()> function) : call(std::move(function)) {}

  const std::function<void()> call;
  bool subscribed = true;
  std::vector<std::thread::id> running;  // the threads inside `call`, once per call
};

TimePoint ManualClock::Now() const {
  MutexLock lock(mutex_);
  return now_;
}

void ManualClock::Advance(Duration by) {
  assert(by >= Duration::zero());
  std::vector<std::shared_ptr<Listener>> listeners;
  {
    MutexLock lock(mutex_);
    now_ += by;
    for (const auto& [id, listener] : listeners_) listeners.push_back(listener);
  }
  for (const auto& listener : listeners) {
    {
      MutexLock lock(mutex_);
      if (!listener->subscribed) continue;
      listener->running.push_back(std::this_thread::get_id());
    }
    listener->call();
    MutexLock lock(mutex_);
    auto& running = listener->running;
    running.erase(std::find(running.begin(), running.end(), std::this_thread::get_id()));
    if (!listener->subscribed) idle_.NotifyAll();
  }
}

int ManualClock::Subscribe(std::function<void()> listener) {
  MutexLock lock(mutex_);
  listeners_.emplace(next_id_, std::make_shared<Listener>(std::move(listener)));
  return next_id_++;
}

void ManualClock::Unsubscribe(int id) {
  std::shared_ptr<Listener> listener;  // before the lock: what the function holds is destroyed after it
  MutexLock lock(mutex_);
  const auto found = listeners_.find(id);
  if (found == listeners_.end()) return;
  listener = std::move(found->second);
  listeners_.erase(found);
  listener->subscribed = false;
  const auto elsewhere = [](std::thread::id thread) { return thread != std::this_thread::get_id(); };
  while (std::any_of(listener->running.begin(), listener->running.end(), elsewhere)) idle_.Wait(mutex_);
}

}  // namespace sluice
