// Threads that wait for something, in the order of their arrival.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>

#include <sluice/clock.h>
#include <sluice/error.h>
#include <sluice/mutex.h>

namespace sluice::detail {

class WaiterList;

// One waiting call; it lives on the stack of its thread. Invariant: whoever takes it off its list, under the lock of
// the lists, is the only one who decides its outcome; afterwards nothing can change it.
struct Waiter {
  explicit Waiter(Reason reason) : at_deadline(reason) {}

  WaiterList* list = nullptr;         // null: not in line, or decided
  std::optional<TimePoint> deadline;  // nullopt: none
  const Reason at_deadline;           // the outcome at the deadline
  Reason outcome = Reason::kOk;
  std::exception_ptr error;  // instead of an outcome: thrown when it was served
  CondVar decided;

 private:
  friend class WaiterList;
  Waiter* before_ = nullptr;
  Waiter* next_ = nullptr;
};

// Intrusive: no call allocates or throws, all are O(1). Not thread-safe: the owner's lock guards the list and every
// waiter on it.
class WaiterList {
 public:
  bool Empty() const { return first_ == nullptr; }
  std::size_t Size() const { return size_; }
  Waiter* Front() const { return first_; }
  static Waiter* After(const Waiter& waiter) { return waiter.next_; }

  void Append(Waiter& waiter) {
    waiter.list = this;
    waiter.before_ = last_;
    (last_ ? last_->next_ : first_) = &waiter;
    last_ = &waiter;
    ++size_;
  }

  // Takes the waiter off the list and wakes its thread. Requires: it is on this list.
  void Decide(Waiter& waiter, Reason outcome) {
    (waiter.before_ ? waiter.before_->next_ : first_) = waiter.next_;
    (waiter.next_ ? waiter.next_->before_ : last_) = waiter.before_;
    --size_;
    waiter.list = nullptr;
    waiter.outcome = outcome;
    // Still under the owner's lock: without it the thread may be gone, and its waiter with it.
    waiter.decided.NotifyOne();
  }
  void DecideAll(Reason outcome) {
    while (first_) Decide(*first_, outcome);
  }

 private:
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace sluice::detail
