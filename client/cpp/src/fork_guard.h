// Knows whether this process is still the one it was made in.
#pragma once

#include <sluice/error.h>

namespace sluice::detail {

// A client of the parent, in the child of a fork.
class MadeBeforeFork : public InternalError {
 public:
  using InternalError::InternalError;
};

// Thread safety: all methods may be called from any thread.
class ForkGuard {
 public:
  ForkGuard();
  // Costs one load: a handler in forked children counts generations.
  bool SameProcess() const noexcept;

 private:
  unsigned generation_;
};

}  // namespace sluice::detail
