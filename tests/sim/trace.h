// What happened in a run, line by line: kept when it is to be told, and always summed up in one number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/clock.h>

namespace sluice::sim {

// Thread safety: none.
class Trace {
 public:
  explicit Trace(bool keeps) : keeps_(keeps) {}

  void Add(TimePoint now, std::string_view what) {
    const std::string line = std::to_string(now.time_since_epoch().count() % 3'600'000'000) + " " + std::string(what);
    for (const char c : line) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    if (keeps_) lines_.push_back(line);
  }
  std::uint64_t hash() const { return hash_; }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  const bool keeps_;
  std::uint64_t hash_ = 0xcbf29ce484222325u;
  std::vector<std::string> lines_;
};

}  // namespace sluice::sim
