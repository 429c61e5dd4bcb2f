// When what has a deadline is to be looked at again: namespaces (timeouts, leases) and sessions (silence, grace).
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include <sluice/clock.h>
#include <sluice/mutex.h>

namespace sluice::broker {

// Something with deadlines of its own.
class Timed {
 public:
  virtual ~Timed() = default;
  // A deadline for which it was armed has come. Looks what is due by the clock and arms itself for the next; a
  // deadline that has moved on since is no reason to do anything. Called under no lock of the schedule's.
  virtual void Due() = 0;

 private:
  friend class Schedule;
  // Its place in the schedule; guarded by the schedule's mutex.
  struct Place {
    TimePoint deadline;
    std::uint64_t number;  // of the arming: those of one instant come in this order
    auto operator<=>(const Place&) const = default;
  };
  std::optional<Place> armed_;
};

// Lazy: arming for a later time than before costs nothing and changes nothing; the thing is looked at too early and
// arms itself again. So a session that is touched a thousand times a second is looked at once per lease.
//
// Thread safety: all methods may be called from any thread.
class Schedule {
 public:
  // `wake` is called under no lock, once, when a deadline earlier than what RunDue last returned appears; then not
  // again until RunDue has run.
  Schedule(const Clock& clock, std::function<void()> wake);

  // Due() is called at `deadline` or, when armed for an earlier time already, then.
  // Requires: a CompletionScope is open.
  void Arm(const std::shared_ptr<Timed>& timed, TimePoint deadline) SLUICE_EXCLUDES(mutex_);
  // It will not be called any more, unless the call has begun.
  void Forget(Timed& timed) SLUICE_EXCLUDES(mutex_);

  // Calls what is due and returns the next deadline; nullopt = none.
  std::optional<TimePoint> RunDue() SLUICE_EXCLUDES(mutex_);

 private:
  struct Entry {
    Timed::Place place;
    std::weak_ptr<Timed> owner;
    bool operator<(const Entry& other) const { return place < other.place; }
  };

  std::vector<std::shared_ptr<Timed>> TakeDue() SLUICE_EXCLUDES(mutex_);

  const Clock& clock_;
  const std::shared_ptr<const std::function<void()>> wake_;
  Mutex mutex_;
  std::set<Entry> entries_ SLUICE_GUARDED_BY(mutex_);  // at most one per Timed
  std::uint64_t last_number_ SLUICE_GUARDED_BY(mutex_) = 0;
  // An earlier deadline than this one wakes the caller of RunDue; min = it will come anyhow.
  TimePoint promised_ SLUICE_GUARDED_BY(mutex_) = TimePoint::max();
};

}  // namespace sluice::broker
