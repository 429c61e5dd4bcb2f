// Lets a thread that waits in a call look up from time to time: shall it go on waiting?
#pragma once

#include <chrono>

#include "client/cpp/src/waiting.h"

namespace sluice::detail {

// For a language whose signal handlers run in one thread, and only when that thread comes back from its call. While one
// of these lives, the calls of its thread that wait ask it about every kEvery. Once it is wanted, a call that waits
// ends as by its stop token, with an item that came first or with Cancelled, and later ones do not begin.
//
// Thread safety: none; it is of the thread that made it. They may be nested: the inner one is asked.
class Interruption {
 public:
  static constexpr std::chrono::milliseconds kEvery{50};

  Interruption() : outer_(current_) { current_ = this; }
  virtual ~Interruption() { current_ = outer_; }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // ---- for the calls, of this thread's innermost one ----

  // When to ask; never without one, or after it was wanted.
  static SteadyTime NextCheck() {
    return current_ != nullptr && !current_->over_ ? SteadyNow() + kEvery : SteadyTime::max();
  }
  // Asks. The caller holds no lock, and no other thread counts on it meanwhile.
  static bool Wanted() {
    if (current_ == nullptr) return false;
    if (!current_->over_) current_->over_ = current_->Ask();
    return current_->over_;
  }
  // It was wanted.
  static bool Over() { return current_ != nullptr && current_->over_; }

 protected:
  // May run what a user wrote, calls on the client included; must not throw.
  virtual bool Ask() = 0;

 private:
  Interruption* const outer_;
  bool over_ = false;
  static thread_local Interruption* current_;
};

}  // namespace sluice::detail
