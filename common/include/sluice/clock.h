// Time as an argument: what waits takes a Clock, so that tests move time by hand and never sleep.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include <sluice/mutex.h>

namespace sluice {

using Duration = std::chrono::microseconds;
// Microseconds since the Unix epoch. Never goes back within a process.
using TimePoint = std::chrono::time_point<std::chrono::system_clock, Duration>;

// How long a call may wait: nullopt = for ever, zero = not at all. Negative is an InvalidArgument.
using WaitTime = std::optional<std::chrono::milliseconds>;
inline constexpr std::nullopt_t kForever = std::nullopt;

// Thread safety: all methods may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
};

// The wall clock as it was when the process started, moved on by the steady clock: a clock set back or
// forward by an operator moves no deadline.
class SteadyClock final : public Clock {
 public:
  TimePoint Now() const override;
  // The process's one instance. Never destroyed.
  static SteadyClock& Get();
};

// Stands still until it is moved.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimePoint start = TimePoint(std::chrono::hours(1))) : now_(start) {}

  TimePoint Now() const override SLUICE_EXCLUDES(mutex_);
  // Moves time on and then runs every listener, in the calling thread, under no lock of the clock's.
  void Advance(Duration by) SLUICE_EXCLUDES(mutex_);

  // Calls `listener` after every Advance until Unsubscribe, which returns when no call of it is running
  // in another thread any more. Requires: a listener does not unsubscribe itself.
  int Subscribe(std::function<void()> listener) SLUICE_EXCLUDES(mutex_);
  void Unsubscribe(int id) SLUICE_EXCLUDES(mutex_);

 private:
  Mutex running_;  // held while listeners run; acquired before mutex_
  mutable Mutex mutex_;
  TimePoint now_ SLUICE_GUARDED_BY(mutex_);
  int next_id_ SLUICE_GUARDED_BY(mutex_) = 1;
  std::map<int, std::shared_ptr<std::function<void()>>> listeners_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
