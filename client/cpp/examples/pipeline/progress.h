// Shows how far the stages are.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>

#include <sluice/types.h>

#include "client/cpp/examples/pipeline/stages.h"

namespace pipeline {

using StageStats = std::array<sluice::QueueStats, kStages.size()>;

// On a terminal a table that is drawn over again; elsewhere a line a second.
//
// Thread safety: one thread at a time.
class Progress {
 public:
  explicit Progress(std::size_t pictures);

  void Show(const StageStats& stats);
  // As Show, whenever the last was, and for good.
  void Finish(const StageStats& stats);

 private:
  void DrawTable(const StageStats& stats);
  void PrintLine(const StageStats& stats);

  const std::size_t pictures_;
  const bool terminal_;
  const std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point next_line_;
  bool drawn_ = false;
};

}  // namespace pipeline
