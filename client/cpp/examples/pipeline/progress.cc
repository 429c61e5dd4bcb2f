#include "client/cpp/examples/pipeline/progress.h"

#include <unistd.h>

#include <cstdio>

namespace pipeline {

Progress::Progress(std::size_t pictures)
    : pictures_(pictures),
      terminal_(isatty(STDOUT_FILENO) == 1),
      start_(std::chrono::steady_clock::now()),
      next_line_(start_) {}

void Progress::Show(const StageStats& stats) {
  if (terminal_) {
    DrawTable(stats);
  } else if (std::chrono::steady_clock::now() >= next_line_) {
    next_line_ += std::chrono::seconds(1);
    PrintLine(stats);
  }
}

void Progress::Finish(const StageStats& stats) { terminal_ ? DrawTable(stats) : PrintLine(stats); }

void Progress::DrawTable(const StageStats& stats) {
  if (drawn_) std::printf("\033[%zuA", stats.size() + 1);  // back up to its first line
  drawn_ = true;
  std::printf("\033[K%-8s %8s %8s %13s %12s\n", "", "queued", "working", "done", "redelivered");
  for (std::size_t stage = 0; stage < stats.size(); ++stage) {
    std::printf("\033[K%-8s %8ju %8ju %8ju/%-4zu %12ju\n", kStages[stage], std::uintmax_t{stats[stage].ready},
                std::uintmax_t{stats[stage].leased}, std::uintmax_t{stats[stage].done}, pictures_,
                std::uintmax_t{stats[stage].redelivered});
  }
  std::fflush(stdout);
}

void Progress::PrintLine(const StageStats& stats) {
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  std::printf("%5.1f s", elapsed.count());
  for (std::size_t stage = 0; stage < stats.size(); ++stage) {
    std::printf("  | %s: %ju queued, %ju working, %ju done, %ju redelivered", kStages[stage],
                std::uintmax_t{stats[stage].ready}, std::uintmax_t{stats[stage].leased},
                std::uintmax_t{stats[stage].done}, std::uintmax_t{stats[stage].redelivered});
  }
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace pipeline
