// Random changes to bytes, the same ones in every run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace sluice::fuzz {

class ByteMutator {
 public:
  explicit ByteMutator(std::uint32_t seed) : random_(seed) {}

  // Flips, inserts, removes or repeats bytes.
  std::string Bytes(std::string bytes) {
    for (std::size_t n = 1 + Below(4); n > 0 && !bytes.empty(); --n) {
      const std::size_t at = Below(bytes.size());
      switch (Below(4)) {
        case 0: bytes[at] = static_cast<char>(Below(256)); break;
        case 1: bytes.insert(at, 1, static_cast<char>(Below(256))); break;
        case 2: bytes.erase(at, 1 + Below(3)); break;
        default: bytes.insert(at, bytes.substr(at, 1 + Below(16)));
      }
    }
    return bytes;
  }

  std::size_t Below(std::size_t bound) { return random_() % bound; }
  std::uint32_t Any() { return static_cast<std::uint32_t>(random_()); }

 private:
  std::mt19937 random_;
};

}  // namespace sluice::fuzz
