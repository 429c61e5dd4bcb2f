#include "client/cli/bench_run.h"

#include <algorithm>
#include <cstring>

namespace sluice::cli {

BenchRun::BenchRun(const BenchOptions& options, const std::function<void(std::uint64_t)>& progress,
                   const std::stop_token& stop)
    : options_(options), progress_(progress), stop_(stop, {}), end_(Clock::now() + options.duration) {}

void BenchRun::Guard(const std::function<void(Part&)>& thread) {
  Part part;
  std::exception_ptr error;
  try {
    thread(part);
  } catch (...) {
    error = std::current_exception();
    stop_.request_stop();
  }
  const MutexLock lock(mutex_);
  if (error && !error_) error_ = error;
  all_.put_items += part.put_items;
  all_.put.Merge(part.put);
  all_.get.Merge(part.get);
  all_.finished.insert(all_.finished.end(), part.finished.begin(), part.finished.end());
}

std::pair<std::uint64_t, std::uint64_t> BenchRun::NextNumbers() {
  const bool over = options_.count == 0 && Clock::now() >= end_;
  const std::uint64_t most = options_.count == 0 ? kBenchMostItems : options_.count;
  if (over || stop_.token().stop_requested()) return {0, 0};
  const std::uint64_t first = next_number_.fetch_add(options_.batch);
  return {first, first >= most ? 0 : std::min<std::uint64_t>(options_.batch, most - first)};
}

std::size_t BenchRun::PutBatch(const TextQueue& queue, Part& part) {
  const auto [first, count] = NextNumbers();
  if (count == 0) return 0;
  std::vector<std::string> items(count, std::string(options_.item_bytes, 'x'));
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t number = first + i;
    std::memcpy(items[i].data(), &number, sizeof number);
  }
  const auto begin = Clock::now();
  queue.put_many(items, {.stop = stop_.token()});
  part.put.Record(Clock::now() - begin);
  part.put_items += count;
  return count;
}

std::size_t BenchRun::GetBatch(const TextQueue& queue, std::size_t most, bool until_finished, Part& part) {
  const auto begin = Clock::now();
  auto tasks = queue.get_many(most, {.until_finished = until_finished, .stop = stop_.token()});
  part.get.Record(Clock::now() - begin);
  Finish(tasks, queue, part);
  return tasks.size();
}

void BenchRun::Finish(std::vector<TextQueue::task_type>& tasks, const TextQueue& queue, Part& part) {
  for (const auto& task : tasks) {
    std::uint64_t number = 0;
    std::memcpy(&number, task.payload().data(), std::min(sizeof number, task.payload().size()));
    part.finished.push_back(number);
  }
  queue.done_many(tasks);
  progress_(tasks.size());
}

// Numbers are 0 .. items - 1, each to be there once. (A count that ended in the middle of a batch leaves no gap.)
BenchResult BenchRun::Result(Clock::duration took) {
  const MutexLock lock(mutex_);
  if (error_) std::rethrow_exception(error_);
  std::sort(all_.finished.begin(), all_.finished.end());
  const auto unique_end = std::unique(all_.finished.begin(), all_.finished.end());
  const auto unique = static_cast<std::uint64_t>(unique_end - all_.finished.begin());
  BenchResult result;
  result.items = all_.put_items;
  result.duplicated = all_.finished.size() - unique;
  result.lost = result.items > unique ? result.items - unique : 0;
  result.seconds = std::chrono::duration<double>(took).count();
  result.put = all_.put;
  result.get = all_.get;
  return result;
}

}  // namespace sluice::cli
