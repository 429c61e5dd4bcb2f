// Virtual time: what is to happen when. Nothing happens by itself, and time moves from one thing to the next.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include <sluice/clock.h>

namespace sluice::sim {

// Thread safety: none.
class Agenda {
 public:
  using Steady = std::chrono::steady_clock::time_point;

  const ManualClock& clock() const { return clock_; }
  TimePoint Now() const { return clock_.Now(); }
  // The same, for a client.
  Steady SteadyNow() const { return Steady(std::chrono::duration_cast<Steady::duration>(Now().time_since_epoch())); }

  // Behind what was put there for the same instant before.
  void At(TimePoint time, std::function<void()> what) {
    events_.emplace(std::pair(std::max(time, Now()), ++last_), std::move(what));
  }
  void After(Duration delay, std::function<void()> what) { At(Now() + delay, std::move(what)); }

  // Moves time to the next thing and does it. False: there is none up to `end`.
  bool RunNext(TimePoint end) {
    if (events_.empty() || events_.begin()->first.first > end) return false;
    auto next = events_.extract(events_.begin());
    clock_.Advance(next.key().first - Now());
    next.mapped()();
    return true;
  }

 private:
  ManualClock clock_;
  std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> events_;
  std::uint64_t last_ = 0;
};

}  // namespace sluice::sim
