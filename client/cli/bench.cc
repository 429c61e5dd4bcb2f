#include "client/cli/bench.h"

#include <sys/resource.h>

#include <thread>
#include <vector>

#include "client/cli/bench_burst.h"
#include "client/cli/bench_run.h"

namespace sluice::cli {
namespace {

// The queue of the run: there while this object lives.
class BenchQueue {
 public:
  BenchQueue(const Client& client, const BenchOptions& options) : client_(client), name_(options.queue) {
    if (!client_.create(name_, {.maxsize = options.maxsize})) {
      throw QueueExists(name_ + " exists; bench needs a queue of its own");
    }
  }
  ~BenchQueue() {
    try {
      client_.remove(name_);
    } catch (const Error&) {
      // The server is gone, and the queue with it, or somebody else deleted it.
    }
  }
  BenchQueue(const BenchQueue&) = delete;
  BenchQueue& operator=(const BenchQueue&) = delete;

 private:
  const Client client_;
  const std::string name_;
};

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

BenchResult RunFlow(BenchRun& run, const BenchRun::TextQueue& put_queue, const BenchRun::TextQueue& get_queue) {
  const auto start = BenchRun::Clock::now();
  std::vector<std::thread> producers;
  std::vector<std::thread> consumers;
  const auto consume = [&](BenchRun::Part& part) {
    try {
      while (run.GetBatch(get_queue, run.options().batch, true, part) > 0) {
      }
    } catch (const ShutDown&) {
      // The regular end: everything is put and finished.
    }
  };
  const auto produce = [&](BenchRun::Part& part) {
    while (run.PutBatch(put_queue, part) > 0) {
    }
  };
  for (std::size_t i = 0; i < run.options().consumers; ++i) consumers.emplace_back([&] { run.Guard(consume); });
  for (std::size_t i = 0; i < run.options().producers; ++i) producers.emplace_back([&] { run.Guard(produce); });
  for (std::thread& thread : producers) thread.join();
  run.Guard([&](BenchRun::Part&) { put_queue.shutdown(); });
  for (std::thread& thread : consumers) thread.join();
  return run.Result(BenchRun::Clock::now() - start);
}

BenchResult RunCycle(BenchRun& run, const BenchRun::TextQueue& queue) {
  const auto start = BenchRun::Clock::now();
  std::vector<std::thread> threads;
  const auto cycle = [&](BenchRun::Part& part) {
    while (const std::size_t put = run.PutBatch(queue, part)) {
      for (std::size_t got = 0; got < put;) got += run.GetBatch(queue, put - got, false, part);
    }
  };
  for (std::size_t i = 0; i < run.options().producers; ++i) threads.emplace_back([&] { run.Guard(cycle); });
  for (std::thread& thread : threads) thread.join();
  return run.Result(BenchRun::Clock::now() - start);
}

BenchResult RunShape(BenchRun& run, const BenchRun::TextQueue& put_queue, const BenchRun::TextQueue& get_queue) {
  switch (run.options().shape) {
    case BenchShape::kFlow: return RunFlow(run, put_queue, get_queue);
    case BenchShape::kCycle: return RunCycle(run, put_queue);
    case BenchShape::kBurst: return RunBurst(run, put_queue, get_queue);
  }
  return {};
}

}  // namespace

BenchResult RunBench(const Client& producers, const Client& consumers, const BenchOptions& options,
                     const std::function<void(std::uint64_t)>& progress, const std::stop_token& stop) {
  const BenchQueue queue(producers, options);
  BenchRun run(options, progress, stop);
  const double cpu_before = CpuSeconds();
  BenchResult result =
      RunShape(run, producers.queue<std::string>(options.queue), consumers.queue<std::string>(options.queue));
  if (stop.stop_requested()) throw Cancelled("stopped before its end");  // also when it fell between two calls
  result.cpu_seconds = CpuSeconds() - cpu_before;
  return result;
}

}  // namespace sluice::cli
