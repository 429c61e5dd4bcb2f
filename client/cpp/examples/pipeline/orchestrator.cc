#include "client/cpp/examples/pipeline/orchestrator.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <sluice/client.h>

#include "client/cpp/examples/pipeline/files.h"
#include "client/cpp/examples/pipeline/interrupt.h"
#include "client/cpp/examples/pipeline/progress.h"
#include "client/cpp/examples/pipeline/report.h"
#include "client/cpp/examples/pipeline/samples.h"
#include "client/cpp/examples/pipeline/stages.h"
#include "client/cpp/examples/pipeline/verify.h"
#include "client/cpp/examples/pipeline/watcher.h"
#include "client/cpp/examples/pipeline/workers.h"

namespace pipeline {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kEnoughToKill = 20;  // with fewer pictures a worker may never see the one it would freeze at
constexpr auto kPatience = std::chrono::seconds(30);  // for processes that start or end

// The queues of a run, for as long as it lasts.
class Queues {
 public:
  Queues(sluice::Client client, Run run) : client_(std::move(client)), run_(std::move(run)) {
    for (const char* stage : kStages) {
      const sluice::QueueSettings settings{.maxsize = kMaxsize, .max_bytes = kMaxBytes, .max_attempts = kMaxAttempts};
      if (!client_.create(run_.queue(stage), settings))
        throw std::runtime_error("another run has this name: try again");
    }
  }
  ~Queues() {
    try {
      for (const char* stage : kStages) client_.remove(run_.queue(stage));
    } catch (const sluice::Error&) {
      // The server is gone, and the queues with it.
    }
  }
  Queues(const Queues&) = delete;
  Queues& operator=(const Queues&) = delete;

 private:
  const sluice::Client client_;
  const Run run_;
};

Run MakeRun(const Options& options, const std::filesystem::path& scratch) {
  Run run{options.address, "pipeline-" + std::to_string(getpid()) + "-" + std::to_string(std::time(nullptr)),
          options.pictures, options.thumbnails};
  if (run.pictures.empty()) {
    run.pictures = scratch / "pictures";
    if (run.thumbnails.empty()) run.thumbnails = scratch / "thumbnails";
  }
  run.pictures = std::filesystem::weakly_canonical(run.pictures);
  if (run.thumbnails.empty()) run.thumbnails = run.pictures.string() + "-thumbnails";
  run.thumbnails = std::filesystem::weakly_canonical(run.thumbnails);
  const std::filesystem::path way = run.pictures.lexically_relative(run.thumbnails);
  if (*way.begin() != "..")
    throw std::invalid_argument("thumbnails in " + run.thumbnails.string() + " could overwrite pictures");
  return run;
}

std::vector<std::string> PicturesOf(const Run& run) {
  std::vector<std::string> names = ListPictures(run.pictures, run.thumbnails);
  if (names.empty()) throw std::invalid_argument("no PNG or JPEG pictures in " + run.pictures.string());
  return names;
}

// Waits until `condition`; false at the end of patience. Throws Cancelled.
template <typename Condition>
bool Await(const std::stop_token& stop, const Condition& condition) {
  const auto give_up = steady_clock::now() + kPatience;
  while (!condition()) {
    if (stop.stop_requested()) throw sluice::Cancelled();
    if (steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

void StartWorkers(const Options& options, std::size_t pictures, Workers& workers) {
  for (std::size_t i = 0; i < options.readers; ++i) workers.Start("read");
  // One is killed half-way, with a picture in its hands; its colleagues take over.
  const bool kill_one = options.resizers > 1 && pictures >= kEnoughToKill;
  if (kill_one) workers.Start("resize", pictures / options.resizers / 2);
  for (std::size_t i = kill_one ? 1 : 0; i < options.resizers; ++i) workers.Start("resize");
  for (std::size_t i = 0; i < options.writers; ++i) workers.Start("write");
}

// The guides' pipeline: fill the first queue, then end one stage after the other. No sentinels.
void Drive(const sluice::Client& client, const Run& run, const std::vector<std::string>& names, std::stop_token stop) {
  const auto first = client.queue<std::string>(run.queue(kStages.front()));
  for (const std::string& name : names) first.put(name, {.stop = stop});
  for (const char* stage : kStages) {
    const auto queue = client.queue<std::string>(run.queue(stage));
    queue.shutdown();
    queue.join({.stop = stop});
  }
}

Outcome RunStages(const Options& options, const Run& run, const sluice::Client& client,
                  const std::vector<std::string>& names, const std::filesystem::path& log,
                  const std::stop_token& interrupted) {
  const Queues queues(client, run);
  Workers workers(run, log);
  StartWorkers(options, names.size(), workers);
  Progress progress(names.size());
  Watcher watcher(client, run, workers, progress, interrupted);
  try {
    const std::size_t started = options.readers + options.resizers + options.writers;
    const auto all_wait = [&] {
      std::size_t waiting = 0;
      for (const sluice::QueueStats& stage : ReadStats(client, run)) waiting += stage.waiting_getters;
      return waiting == started;
    };
    if (!Await(watcher.token(), all_wait)) throw std::runtime_error("the workers did not connect to the server");
    const auto start = steady_clock::now();
    Drive(client, run, names, watcher.token());
    const std::chrono::duration<double> elapsed = steady_clock::now() - start;
    watcher.Stop();
    progress.Finish(ReadStats(client, run));
    const auto all_ended = [&] {
      workers.Watch();
      return workers.running() == 0;
    };
    if (!Await(watcher.token(), all_ended)) throw std::runtime_error("a worker did not end by itself");
    return {elapsed.count(), ReadStats(client, run), workers.kill_planned(), workers.killed()};
  } catch (const sluice::Cancelled&) {
    watcher.Stop();
    watcher.Rethrow();
    throw;
  }
}

}  // namespace

int RunPipeline(const Options& options) {
  const Interrupt interrupt;
  const TemporaryFolder scratch;
  const Run run = MakeRun(options, scratch.path());
  const std::filesystem::path log = scratch.path() / "workers.log";
  const bool make_samples = options.pictures.empty();
  std::vector<std::string> names = make_samples ? std::vector<std::string>{} : PicturesOf(run);
  const sluice::Client client = run.Connect("orchestrator");
  try {
    if (make_samples) {
      const Counter counter("making pictures", options.samples, interrupt.token());
      MakeSamples(run.pictures, options.samples, std::ref(counter));
      names = PicturesOf(run);
    }
    const std::set<std::string> there_before = ListFiles(run.thumbnails);
    const Outcome outcome = RunStages(options, run, client, names, log, interrupt.token());
    const Verdict verdict = [&] {
      const Counter counter("checking", names.size(), interrupt.token());
      return Verify(run.pictures, names, run.thumbnails, there_before, std::ref(counter));
    }();
    return Report(names.size(), outcome, verdict, log) ? 0 : 1;
  } catch (const sluice::Cancelled&) {
    if (!interrupt.token().stop_requested()) throw;
    std::fprintf(stderr, "\ninterrupted\n");
    return 130;
  } catch (...) {
    PrintLog(log);
    throw;
  }
}

}  // namespace pipeline
