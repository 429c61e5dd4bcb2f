// How often a call took how long.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace sluice::load {

// Sixteen steps for each doubling, so that what is read from them is right to a sixteenth. tests/bench/boards.py knows
// the same steps.
//
// Thread safety: one thread at a time.
class Latencies {
 public:
  static constexpr std::size_t kSteps = 504;

  void Add(std::uint64_t ns) { ++counts_[StepOf(ns)]; }
  const std::array<std::uint64_t, kSteps>& counts() const { return counts_; }

 private:
  static constexpr std::uint64_t kUnitNs = 64;  // nothing is told apart below it
  static constexpr std::uint64_t kStepsOfADoubling = 16;

  static std::size_t StepOf(std::uint64_t ns) {
    const std::uint64_t units = ns / kUnitNs;
    if (units < kStepsOfADoubling) return units;
    const auto doublings = static_cast<std::uint64_t>(std::bit_width(units / kStepsOfADoubling)) - 1;
    const std::uint64_t step = (doublings + 1) * kStepsOfADoubling + (units >> doublings) - kStepsOfADoubling;
    return std::min<std::uint64_t>(step, kSteps - 1);
  }

  std::array<std::uint64_t, kSteps> counts_{};
};

}  // namespace sluice::load
