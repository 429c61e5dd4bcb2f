// The worker processes of a run: started, watched, one of them killed.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>

#include "client/cpp/examples/pipeline/stages.h"

namespace pipeline {

// Thread safety: one thread at a time.
class Workers {
 public:
  // What workers write to stderr goes to the file `log`.
  Workers(Run run, std::filesystem::path log);
  // Kills what still runs, and waits for it.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Starts a process of this program: `pipeline work STAGE ...`. `freeze_at` > 0: it stops when it holds so many-th
  // picture, and Watch kills it there. Throws std::system_error.
  void Start(const std::string& stage, std::size_t freeze_at = 0);
  // Takes note of processes that stopped or ended; never blocks. Throws std::runtime_error when one ended that had no
  // reason to.
  void Watch();

  std::size_t running() const { return stages_.size(); }
  bool kill_planned() const { return victim_ != 0; }
  pid_t killed() const { return killed_; }  // 0: none

 private:
  const Run run_;
  const std::filesystem::path log_;
  std::map<pid_t, std::string> stages_;  // of the processes that run
  pid_t victim_ = 0;
  pid_t killed_ = 0;
};

}  // namespace pipeline
