// How long to wait between attempts.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace sluice::detail {

// Doubles from `min` to `max`; each wait is between half of that and all of it, so that clients of a server that was
// started again do not come all at once.
//
// Thread safety: none.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds min, std::chrono::milliseconds max) : min_(min), max_(max), next_(min) {}

  std::chrono::microseconds Next() {
    const std::chrono::microseconds whole = next_;
    next_ = std::min(next_ * 2, max_);
    return std::chrono::microseconds(
        std::uniform_int_distribution<std::int64_t>(whole.count() / 2, whole.count())(random_));
  }
  void Reset() { next_ = min_; }

 private:
  const std::chrono::milliseconds min_;
  const std::chrono::milliseconds max_;
  std::chrono::milliseconds next_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace sluice::detail
