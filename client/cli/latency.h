// How long calls took, as counts in buckets: any number of calls in a few kilobytes, quantiles to about 3 percent.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sluice::cli {

// Thread safety: none; every thread has its own, merged at the end.
class Latency {
 public:
  void Record(std::chrono::nanoseconds took);
  void Merge(const Latency& other);
  // Microseconds that a share `quantile` (0..1) of the calls did not exceed; 0 without calls.
  double QuantileUs(double quantile) const;

 private:
  static constexpr std::size_t kStepsPerDoubling = 32;
  static constexpr std::size_t kBuckets = 40 * kStepsPerDoubling;  // 1 ns to 18 minutes

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace sluice::cli
