#include "client/cli/bench.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include <sluice/mutex.h>

#include "client/cli/either_stop.h"

namespace sluice::cli {
namespace {

using Clock = std::chrono::steady_clock;
using TextQueue = Queue<std::string>;

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

class Load {
 public:
  Load(const Client& producers, const Client& consumers, const BenchOptions& options,
       const std::function<void(std::uint64_t)>& progress, const std::stop_token& stop)
      : options_(options),
        progress_(progress),
        put_queue_(producers.queue<std::string>(options.queue)),
        get_queue_(consumers.queue<std::string>(options.queue)),
        stop_(stop, {}),
        end_(Clock::now() + options.duration) {}

  BenchResult Run() {
    const auto start = Clock::now();
    std::vector<std::thread> producers;
    std::vector<std::thread> consumers;
    for (std::size_t i = 0; i < options_.consumers; ++i) consumers.emplace_back([this] { Guard(&Load::Consume); });
    for (std::size_t i = 0; i < options_.producers; ++i) producers.emplace_back([this] { Guard(&Load::Produce); });
    for (std::thread& thread : producers) thread.join();
    Guard(&Load::ShutDownQueue);
    for (std::thread& thread : consumers) thread.join();
    const MutexLock lock(mutex_);
    if (error_) std::rethrow_exception(error_);
    result_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    Account();
    return std::move(result_);
  }

 private:
  // Runs one part; what it throws ends all of them.
  void Guard(void (Load::*part)()) {
    try {
      (this->*part)();
    } catch (...) {
      const MutexLock lock(mutex_);
      if (!error_) error_ = std::current_exception();
      stop_.request_stop();
    }
  }

  // The numbers of the next batch: [first, first + n); n is 0 when enough is put.
  std::pair<std::uint64_t, std::uint64_t> NextNumbers() {
    const bool over = options_.count == 0 && Clock::now() >= end_;
    const std::uint64_t most = options_.count == 0 ? kBenchMostItems : options_.count;
    if (over || stop_.token().stop_requested()) return {0, 0};
    const std::uint64_t first = next_number_.fetch_add(options_.batch);
    return {first, first >= most ? 0 : std::min<std::uint64_t>(options_.batch, most - first)};
  }

  void Produce() {
    Latency latency;
    std::uint64_t put = 0;
    for (auto [first, count] = NextNumbers(); count > 0; std::tie(first, count) = NextNumbers()) {
      std::vector<std::string> items(count, std::string(options_.item_bytes, 'x'));
      for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t number = first + i;
        std::memcpy(items[i].data(), &number, sizeof number);
      }
      const auto begin = Clock::now();
      put_queue_.put_many(items, {.stop = stop_.token()});
      latency.Record(Clock::now() - begin);
      put += count;
    }
    const MutexLock lock(mutex_);
    result_.put.Merge(latency);
    result_.items += put;
  }

  void ShutDownQueue() { put_queue_.shutdown(); }

  void Consume() {
    Latency latency;
    std::vector<std::uint64_t> numbers;
    try {
      for (;;) {
        const auto begin = Clock::now();
        auto tasks = get_queue_.get_many(options_.batch, {.until_finished = true, .stop = stop_.token()});
        latency.Record(Clock::now() - begin);
        for (auto& task : tasks) {
          std::uint64_t number = 0;
          std::memcpy(&number, task.payload().data(), std::min(sizeof number, task.payload().size()));
          task.done();
          numbers.push_back(number);
        }
        progress_(tasks.size());
      }
    } catch (const ShutDown&) {
      // The regular end: everything is put and finished.
    }
    const MutexLock lock(mutex_);
    result_.get.Merge(latency);
    finished_.insert(finished_.end(), numbers.begin(), numbers.end());
  }

  // Numbers are 0 .. items - 1, each to be there once. (A count that ended in the middle of a batch leaves no gap.)
  void Account() SLUICE_REQUIRES(mutex_) {
    std::sort(finished_.begin(), finished_.end());
    const auto unique_end = std::unique(finished_.begin(), finished_.end());
    const auto unique = static_cast<std::uint64_t>(unique_end - finished_.begin());
    result_.duplicated = finished_.size() - unique;
    result_.lost = result_.items > unique ? result_.items - unique : 0;
  }

  const BenchOptions& options_;
  const std::function<void(std::uint64_t)>& progress_;
  const TextQueue put_queue_;
  const TextQueue get_queue_;
  EitherStop stop_;
  const Clock::time_point end_;
  std::atomic<std::uint64_t> next_number_{0};

  Mutex mutex_;
  BenchResult result_ SLUICE_GUARDED_BY(mutex_);
  std::vector<std::uint64_t> finished_ SLUICE_GUARDED_BY(mutex_);
  std::exception_ptr error_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace

BenchResult RunBench(const Client& producers, const Client& consumers, const BenchOptions& options,
                     const std::function<void(std::uint64_t)>& progress, const std::stop_token& stop) {
  const BenchQueue queue(producers, options);
  return Load(producers, consumers, options, progress, stop).Run();
}

}  // namespace sluice::cli
