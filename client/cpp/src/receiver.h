// Where the answer of an operation goes: to a thread that waits for it, to a callback, or nowhere.
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

// Thread safety: none.
class Receiver {
 public:
  Receiver() = default;
  Receiver(std::nullptr_t) {}                                                   // NOLINT: nobody
  Receiver(std::shared_ptr<Waiting> waiting) : waiting_(std::move(waiting)) {}  // NOLINT: is one
  template <typename F>
  requires std::is_invocable_v<F, Answer&&, Epoch> Receiver(F&& callback)
      : callback_(std::forward<F>(callback)) {}  // NOLINT: is one

  explicit operator bool() const { return waiting_ != nullptr || callback_ != nullptr; }
  // A thread waits for the answer, and reads it from the wire if need be.
  bool waits() const { return waiting_ != nullptr; }

  // Gives the answer; there is no receiver afterwards.
  void Finish(Answer&& answer, Epoch epoch) {
    if (const auto waiting = std::exchange(waiting_, nullptr)) waiting->Finish(std::move(answer), epoch);
    if (const auto callback = std::exchange(callback_, nullptr)) callback(std::move(answer), epoch);
  }

 private:
  std::shared_ptr<Waiting> waiting_;
  Completion callback_;
};

}  // namespace sluice::detail
