// Looks at a run from a thread of its own: draws the progress, notices workers that end.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

#include <sluice/client.h>

#include "client/cpp/examples/pipeline/progress.h"
#include "client/cpp/examples/pipeline/stages.h"
#include "client/cpp/examples/pipeline/workers.h"

namespace pipeline {

StageStats ReadStats(const sluice::Client& client, const Run& run);

class Watcher {
 public:
  // Borrows: workers and progress, until Stop has returned. A stop of `interrupted`, and a worker that ends without a
  // reason, stop token().
  Watcher(const sluice::Client& client, const Run& run, Workers& workers, Progress& progress,
          std::stop_token interrupted);

  // For everything that waits on behalf of the run.
  std::stop_token token() const { return stop_.get_token(); }
  // Why token() was stopped, thrown; nothing when it was not, or by an interrupt.
  void Rethrow() const;
  // Ends the thread. Idempotent.
  void Stop();

 private:
  void Loop(const std::stop_token& ended);

  const sluice::Client client_;
  const Run run_;
  Workers& workers_;
  Progress& progress_;
  std::stop_source stop_;
  std::exception_ptr failure_;  // written before stop_ is requested, read after
  std::stop_callback<std::function<void()>> on_interrupt_;
  std::jthread thread_;  // last: ends before the rest goes
};

}  // namespace pipeline
