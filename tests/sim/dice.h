// Random choices that are the same on every machine: a seed names a run for ever.
// (The distributions of <random> differ between standard libraries.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace sluice::sim {

// SplitMix64. Thread safety: none.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // 0 .. n - 1. Requires: n > 0.
  std::size_t Below(std::size_t n) { return static_cast<std::size_t>(Next() % n); }
  bool OneIn(std::size_t n) { return Below(n) == 0; }
  // Requires: `choices` is not empty.
  template <typename T>
  T Of(std::initializer_list<T> choices) {
    return choices.begin()[Below(choices.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace sluice::sim
