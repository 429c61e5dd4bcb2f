#include "client/cli/worker.h"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <sluice/error.h>
#include <sluice/mutex.h>

#include "client/cli/child_process.h"
#include "client/cli/either_stop.h"

namespace sluice::cli {
namespace {

constexpr auto kOutagePause = std::chrono::milliseconds(200);

// The item is not ours any more, or not known to be: it comes again, here or elsewhere.
bool IsLoss(Reason reason) {
  return reason == Reason::kLeaseLost || reason == Reason::kSessionLost || reason == Reason::kUnavailable;
}

class Crew {
 public:
  Crew(const Queue<std::string>& queue, const WorkerOptions& options, std::stop_token kill,
       const std::function<void(const WorkerReport&)>& report)
      : queue_(queue), options_(options), kill_(std::move(kill)), report_(report) {}

  WorkerTotals Run() {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < options_.workers; ++i) threads.emplace_back([this] { Work(); });
    for (std::thread& thread : threads) thread.join();
    const MutexLock lock(mutex_);
    if (error_) std::rethrow_exception(error_);
    return totals_;
  }

 private:
  void Work() {
    try {
      while (TakeTurn()) {
        std::optional<Task<std::string>> task = Get();
        if (!task) return;
        Report(WorkOff(*task));
      }
    } catch (...) {
      const MutexLock lock(mutex_);
      if (!error_) error_ = std::current_exception();
      stop_.request_stop();
    }
  }

  // False: the items that were asked for are all taken.
  bool TakeTurn() {
    const MutexLock lock(mutex_);
    return options_.max_items == 0 || turns_++ < options_.max_items;
  }

  // Nullopt: this worker is done.
  std::optional<Task<std::string>> Get() {
    GetOptions get = options_.get;
    get.stop = stop_.token();
    for (;;) {
      try {
        Task<std::string> task = queue_.get(get);
        if (get.stop.stop_requested()) return std::nullopt;  // it goes back by itself
        return task;
      } catch (const Cancelled&) {
        return std::nullopt;
      } catch (const ShutDown&) {
        return std::nullopt;
      } catch (const SessionLost&) {
        continue;  // a new one is made; it held nothing of ours
      } catch (const Unavailable&) {
        // The server was there when we started: wait for it to come back, however long that takes.
        if (!PauseUnlessStopped()) return std::nullopt;
      } catch (const LimitReached&) {
        if (!PauseUnlessStopped()) return std::nullopt;  // other waiters will go
      } catch (const Empty&) {
        const MutexLock lock(mutex_);
        totals_.nothing_came = true;
        return std::nullopt;
      }
    }
  }

  bool PauseUnlessStopped() {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any stopped;
    return !stopped.wait_for(lock, stop_.token(), kOutagePause, [] { return false; }) &&
           !stop_.token().stop_requested();
  }

  WorkerReport WorkOff(Task<std::string>& task) {
    WorkerReport report{task.id(), task.fence(), task.attempt(), Outcome::kDone, {}};
    const EitherStop stop(kill_, task.stop_token());
    const ChildResult result = RunChild(JobFor(task), stop.token());
    try {
      if (task.stop_token().stop_requested()) throw LeaseLost("the lease was lost while the command ran");
      if (kill_.stop_requested()) {
        report.outcome = Outcome::kReleased;
        task.release();
      } else if (result.status == 0) {
        task.done();
      } else {
        report.outcome = Outcome::kFailed;
        report.detail = DescribeStatus(result.status) + (result.errors.empty() ? "" : ": " + result.errors);
        task.fail(report.detail);
      }
    } catch (const Error& error) {
      if (!IsLoss(error.reason())) throw;
      report.outcome = Outcome::kLost;
      report.detail = error.what();
    }
    return report;
  }

  ChildJob JobFor(const Task<std::string>& task) const {
    return {.command = options_.command,
            .input = task.payload(),
            .environment = {{"SLUICE_QUEUE", queue_.name()},
                            {"SLUICE_ITEM_ID", std::to_string(task.id())},
                            {"SLUICE_FENCE", std::to_string(task.fence())},
                            {"SLUICE_ATTEMPT", std::to_string(task.attempt())}},
            .output_to_stderr = options_.output_to_stderr};
  }

  void Report(const WorkerReport& report) {
    const MutexLock lock(mutex_);
    switch (report.outcome) {
      case Outcome::kDone: ++totals_.done; break;
      case Outcome::kFailed: ++totals_.failed; break;
      case Outcome::kReleased: ++totals_.released; break;
      case Outcome::kLost: ++totals_.lost; break;
    }
    report_(report);
  }

  const Queue<std::string>& queue_;
  const WorkerOptions& options_;
  const std::stop_token kill_;
  const std::function<void(const WorkerReport&)>& report_;
  EitherStop stop_{options_.get.stop, kill_};  // no more items; also when a worker failed

  Mutex mutex_;
  std::uint64_t turns_ SLUICE_GUARDED_BY(mutex_) = 0;
  WorkerTotals totals_ SLUICE_GUARDED_BY(mutex_);
  std::exception_ptr error_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace

WorkerTotals RunWorkers(const Queue<std::string>& queue, const WorkerOptions& options, const std::stop_token& kill,
                        const std::function<void(const WorkerReport&)>& report) {
  return Crew(queue, options, kill, report).Run();
}

}  // namespace sluice::cli
