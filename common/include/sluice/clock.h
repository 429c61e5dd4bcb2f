// Time as an argument: what waits takes a Clock, so that tests move time by hand and never sleep.
#pragma once

#include <chrono>
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

  // Who waits for a deadline asks once how to wait. 0: time passes by itself, wait for the time that is left, and the
  // listener is never called. Otherwise time stands still until somebody moves it: `listener` runs after every move,
  // until Unsubscribe is called with the number returned.
  virtual int Subscribe(std::function<void()> listener);
  virtual void Unsubscribe(int id);
};

// The wall clock as it was when it was first asked, moved on by the steady clock: a clock set back or forward by an
// operator moves no deadline.
class SteadyClock final : public Clock {
 public:
  TimePoint Now() const override;
  // The process's one instance. Never destroyed.
  static SteadyClock& Get();
};

// Stands still until it is moved.
//
// Listeners run in the thread that calls Advance, under no lock of the clock's: they may call every method of the
// clock, Advance and Unsubscribe of themselves included. When several threads advance, a listener may run in several
// threads at once. Requires: a listener does not throw.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimePoint start = TimePoint(std::chrono::hours(1))) : now_(start) {}

  TimePoint Now() const override SLUICE_EXCLUDES(mutex_);
  // Moves time on, then runs every listener. When it returns, all of them have seen the new time.
  // Requires: `by` is not negative.
  void Advance(Duration by) SLUICE_EXCLUDES(mutex_);

  int Subscribe(std::function<void()> listener) override SLUICE_EXCLUDES(mutex_);
  // The listener is not called again. Unknown numbers are ignored.
  // Blocks: until no other thread runs this listener, so that what it uses may be destroyed. Hence the caller holds no
  // lock that this listener takes. Other listeners are not waited for.
  void Unsubscribe(int id) override SLUICE_EXCLUDES(mutex_);

 private:
  struct Listener;

  mutable Mutex mutex_;
  CondVar idle_;  // a listener that was unsubscribed has returned
  TimePoint now_ SLUICE_GUARDED_BY(mutex_);
  int next_id_ SLUICE_GUARDED_BY(mutex_) = 1;
  std::map<int, std::shared_ptr<Listener>> listeners_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
