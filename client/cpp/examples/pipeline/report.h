// What the user reads about a run.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <stop_token>
#include <string>

#include "client/cpp/examples/pipeline/progress.h"
#include "client/cpp/examples/pipeline/verify.h"

namespace pipeline {

// How the stages ended.
struct Outcome {
  double seconds = 0;
  StageStats stats;
  bool kill_planned = false;
  pid_t killed = 0;
};

// "checking 300/1000": redrawn on a terminal, elsewhere printed once. Throws Cancelled when `stop` is requested.
//
// Thread safety: all methods may be called from any thread.
class Counter {
 public:
  Counter(std::string what, std::size_t total, std::stop_token stop = {});
  ~Counter();
  void operator()(std::size_t so_far) const;

 private:
  const std::string what_;
  const std::size_t total_;
  const std::stop_token stop_;
  const bool terminal_;
};

// Prints the summary; true when all is right.
bool Report(std::size_t pictures, const Outcome& outcome, const Verdict& verdict, const std::filesystem::path& log);
// Prints what is wrong and how many are right; true when all are.
bool ReportVerdict(const Verdict& verdict);
// The last lines that workers wrote, each once.
void PrintLog(const std::filesystem::path& log);

}  // namespace pipeline
