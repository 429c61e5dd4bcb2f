#include "client/cpp/examples/pipeline/report.h"

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <set>
#include <utility>
#include <vector>

#include <sluice/error.h>

namespace pipeline {
namespace {

constexpr std::size_t kLines = 20;  // of a list; the rest is counted

void PrintList(const char* title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  std::fprintf(stderr, "%s:\n", title);
  for (std::size_t line = 0; line < lines.size() && line < kLines; ++line) {
    std::fprintf(stderr, "  %s\n", lines[line].c_str());
  }
  if (lines.size() > kLines) std::fprintf(stderr, "  and %zu more\n", lines.size() - kLines);
}

}  // namespace

Counter::Counter(std::string what, std::size_t total, std::stop_token stop)
    : what_(std::move(what)), total_(total), stop_(std::move(stop)), terminal_(isatty(STDOUT_FILENO) == 1) {
  if (!terminal_) std::printf("%s: %zu\n", what_.c_str(), total_);
  std::fflush(stdout);
}

Counter::~Counter() {
  if (terminal_) std::printf("\r\033[K");
  std::fflush(stdout);
}

void Counter::operator()(std::size_t so_far) const {
  if (stop_.stop_requested()) throw sluice::Cancelled();
  if (!terminal_) return;
  std::printf("\r%s: %zu/%zu", what_.c_str(), so_far, total_);
  std::fflush(stdout);
}

bool ReportVerdict(const Verdict& verdict) {
  PrintList("pictures that cannot be read", verdict.unreadable);
  PrintList("wrong thumbnails", verdict.problems);
  const bool right = verdict.problems.empty() && verdict.unreadable.empty();
  std::printf("check: %zu thumbnails are there exactly once and right%s\n", verdict.right,
              right ? "" : "; others are not, see above");
  return right;
}

bool Report(std::size_t pictures, const Outcome& outcome, const Verdict& verdict, const std::filesystem::path& log) {
  std::uint64_t dead = 0;
  std::uint64_t redelivered = 0;
  for (const sluice::QueueStats& stage : outcome.stats) {
    dead += stage.dead;
    redelivered += stage.redelivered;
  }
  std::vector<std::string> wrong;
  if (outcome.killed != 0) {
    std::printf("resize worker %d was killed with a picture in its hands: %ju redelivered\n",
                static_cast<int>(outcome.killed), std::uintmax_t{redelivered});
    if (redelivered == 0) wrong.push_back("the picture of the killed worker did not come back");
  } else if (outcome.kill_planned) {
    wrong.push_back("no worker was killed: the one to be killed got too few pictures");
  }
  if (dead != verdict.unreadable.size()) {
    wrong.push_back(std::to_string(dead) + " pictures failed, but " + std::to_string(verdict.unreadable.size()) +
                    " cannot be read");
  }
  std::printf("%ju items finished in %.1f s", std::uintmax_t{pictures - dead}, outcome.seconds);
  if (dead > 0) std::printf(", %ju failed", std::uintmax_t{dead});
  std::printf("\n");
  const bool right = ReportVerdict(verdict);
  if (!wrong.empty() || !verdict.problems.empty()) PrintLog(log);
  PrintList("the run was not right", wrong);
  return right && wrong.empty();
}

void PrintLog(const std::filesystem::path& log) {
  std::ifstream file(log);
  std::set<std::string> seen;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (seen.insert(line).second) lines.push_back(line);
  }
  PrintList("workers said", lines);
}

}  // namespace pipeline
