// BlockingQueue: items a second through put, get and task_done, by threads on each side and items a call.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <thread>
#include <vector>

#include <sluice/blocking_queue.h>

namespace sluice {
namespace {

constexpr std::int64_t kItems = 1 << 18;  // a run: long enough that starting its threads does not count
constexpr std::int64_t kMaxsize = 1024;

void Produce(BlockingQueue<std::uint64_t>& queue, std::int64_t count, std::int64_t batch) {
  for (std::int64_t sent = 0; sent < count; sent += batch) {
    if (batch == 1) {
      queue.put(static_cast<std::uint64_t>(sent));
    } else {
      queue.put_many(std::vector<std::uint64_t>(static_cast<std::size_t>(std::min(batch, count - sent))));
    }
  }
}

void Consume(BlockingQueue<std::uint64_t>& queue, std::int64_t batch) {
  try {
    while (true) {
      if (batch == 1) {
        benchmark::DoNotOptimize(queue.get());
        queue.task_done();
      } else {
        const auto items = queue.get_many(static_cast<std::size_t>(batch));
        queue.task_done(items.size());
      }
    }
  } catch (const ShutDown&) {
  }
}

void PutGetDone(benchmark::State& state) {
  const std::int64_t threads = state.range(0);
  const std::int64_t batch = state.range(1);
  for (auto _ : state) {
    BlockingQueue<std::uint64_t> queue(kMaxsize);
    std::vector<std::jthread> consumers;
    for (std::int64_t i = 0; i < threads; ++i) consumers.emplace_back([&] { Consume(queue, batch); });
    {
      std::vector<std::jthread> producers;
      for (std::int64_t i = 0; i < threads; ++i) {
        producers.emplace_back([&] { Produce(queue, kItems / threads, batch); });
      }
    }
    queue.shutdown();
    queue.join();
  }
  state.SetItemsProcessed(state.iterations() * kItems);
}
BENCHMARK(PutGetDone)->ArgNames({"threads", "batch"})->ArgsProduct({{1, 2, 4}, {1, 16, 256}})->UseRealTime();

}  // namespace
}  // namespace sluice

BENCHMARK_MAIN();
