#include "client/cpp/examples/pipeline/watcher.h"

#include <chrono>
#include <utility>

namespace pipeline {

StageStats ReadStats(const sluice::Client& client, const Run& run) {
  StageStats stats;
  for (std::size_t stage = 0; stage < stats.size(); ++stage) {
    stats[stage] = client.describe(run.queue(kStages[stage])).stats;
  }
  return stats;
}

Watcher::Watcher(const sluice::Client& client, const Run& run, Workers& workers, Progress& progress,
                 std::stop_token interrupted)
    : client_(client),
      run_(run),
      workers_(workers),
      progress_(progress),
      on_interrupt_(std::move(interrupted), [this] { stop_.request_stop(); }),
      thread_([this](const std::stop_token& ended) { Loop(ended); }) {}

void Watcher::Loop(const std::stop_token& ended) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  try {
    while (!ended.stop_requested()) {
      workers_.Watch();
      progress_.Show(ReadStats(client_, run_));
      never.wait_for(lock, ended, std::chrono::milliseconds(100), [] { return false; });
    }
  } catch (...) {
    failure_ = std::current_exception();
    stop_.request_stop();
  }
}

void Watcher::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Watcher::Rethrow() const {
  if (stop_.stop_requested() && failure_) std::rethrow_exception(failure_);
}

}  // namespace pipeline
