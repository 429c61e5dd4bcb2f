#include "client/cli/latency.h"

#include <algorithm>
#include <cmath>

namespace sluice::cli {

void Latency::Record(std::chrono::nanoseconds took) {
  const double step = std::log2(std::max<double>(1, static_cast<double>(took.count()))) * kStepsPerDoubling;
  ++counts_[std::min(static_cast<std::size_t>(step), kBuckets - 1)];
  ++total_;
}

void Latency::Merge(const Latency& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  total_ += other.total_;
}

double Latency::QuantileUs(double quantile) const {
  const auto rank = static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(total_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= rank && seen > 0) return std::exp2((static_cast<double>(i) + 0.5) / kStepsPerDoubling) / 1000;
  }
  return 0;
}

}  // namespace sluice::cli
