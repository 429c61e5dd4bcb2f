// Where the answer of an operation goes: to a thread that waits for it, to an intake, to a callback, or nowhere.
#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "client/cpp/src/lease_table.h"
#include "client/cpp/src/waiting.h"
#include "common/answer.h"

namespace sluice::detail {

// Called once, in a thread of the link's or in one that cancels or closes, under no lock; must not block or throw.
// `epoch`: in which the answer's leases are held, see LeaseTable.
using Completion = std::function<void(Answer&&, Epoch epoch)>;

// Takes an answer on behalf of somebody else: called once, under no lock, in whichever thread has the answer, be it one
// that waits for another. So it must not block, throw, or run what a user wrote.
class Intake {
 public:
  virtual ~Intake() = default;
  virtual void Take(Answer&& answer, Epoch epoch) = 0;
};

// Thread safety: none.
class Receiver {
 public:
  Receiver() = default;
  Receiver(std::nullptr_t) {}                                                   // NOLINT: nobody
  Receiver(std::shared_ptr<Waiting> waiting) : waiting_(std::move(waiting)) {}  // NOLINT: is one
  Receiver(std::shared_ptr<Intake> intake) : intake_(std::move(intake)) {}      // NOLINT: is one
  template <typename F>
  requires std::is_invocable_v<F, Answer&&, Epoch> Receiver(F&& callback)
      : callback_(std::forward<F>(callback)) {}  // NOLINT: is one

  explicit operator bool() const { return waiting_ != nullptr || intake_ != nullptr || callback_ != nullptr; }
  // A thread waits for the answer, and reads it from the wire if need be.
  bool waits() const { return waiting_ != nullptr; }
  // Any thread may give the answer, and none need be there for it alone.
  bool undemanding() const { return waiting_ != nullptr || intake_ != nullptr; }

  // Gives the answer; there is no receiver afterwards.
  void Finish(Answer&& answer, Epoch epoch) {
    if (const auto waiting = std::exchange(waiting_, nullptr)) waiting->Finish(std::move(answer), epoch);
    if (const auto intake = std::exchange(intake_, nullptr)) intake->Take(std::move(answer), epoch);
    if (const auto callback = std::exchange(callback_, nullptr)) callback(std::move(answer), epoch);
  }

 private:
  std::shared_ptr<Waiting> waiting_;
  std::shared_ptr<Intake> intake_;
  Completion callback_;
};

}  // namespace sluice::detail
