// A bar with rate and time left on standard error, for transfers that take a while; silent unless it is a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <sluice/mutex.h>

namespace sluice::cli {

// Draws at most ten times a second, and not before the transfer has lasted a moment. Without a total: count and rate.
// The destructor wipes the line.
//
// Thread safety: all methods may be called from any thread.
class Progress {
 public:
  // `enabled` false: draws nothing (items go to the same terminal).
  Progress(std::string label, std::optional<std::uint64_t> total, bool enabled);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `items` more were moved. `share` (0..1) says how much of the whole that is when it is not counted in items.
  void Add(std::uint64_t items, std::optional<double> share = std::nullopt) SLUICE_EXCLUDES(mutex_);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  void Draw(SteadyTime now) SLUICE_REQUIRES(mutex_);

  const std::string label_;
  const std::optional<std::uint64_t> total_;
  const bool enabled_;
  const SteadyTime start_;
  Mutex mutex_;
  std::uint64_t items_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::optional<double> share_ SLUICE_GUARDED_BY(mutex_);
  SteadyTime next_draw_ SLUICE_GUARDED_BY(mutex_);
  bool drawn_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::cli
