// The core alone: what an item costs before anybody talks to anybody. One thread, no lock.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "server/queue/namespace.h"

namespace sluice::queue {
namespace {

constexpr std::size_t kPayloadBytes = 100;
constexpr SessionId kSession{1};
constexpr SessionId kUnary{};

ContentPtr NewContent(std::int64_t priority = 0) {
  auto content = std::make_shared<Content>();
  content->payload = Bytes(std::string(kPayloadBytes, 'x'));
  content->priority = priority;
  return content;
}

// A namespace with one queue, and the commands of its callers.
class Core {
 public:
  explicit Core(QueueSettings settings = {}) { Run(kUnary, CreateQueue{"q", settings}); }

  // The answers of the last step.
  const std::vector<std::pair<OperationId, Answer>>& Run(SessionId session, Command&& command) {
    effects_.Clear();
    now_ += Duration(1);
    core_.Apply({++operation_}, session, std::move(command), now_, true, effects_);
    return effects_.answers;
  }

  const Answer& Put(SessionId session, std::vector<ContentPtr> items) {
    return Run(session, sluice::Put{"q", std::move(items), kForever, std::nullopt}).front().second;
  }
  void Get(SessionId session, std::uint32_t items) {
    sluice::Get get;
    get.queue = "q";
    get.max_items = items;
    Run(session, std::move(get));
  }
  void Done(SessionId session, std::vector<Fence> fences) { Run(session, TaskDone{"q", std::move(fences)}); }

  // The fences of what the last step gave out.
  std::vector<Fence> Fences() const {
    std::vector<Fence> fences;
    for (const auto& [operation, answer] : effects_.answers) {
      const auto* got = std::get_if<GetResult>(&answer.result);
      if (got == nullptr) continue;
      for (const Delivery& delivery : got->deliveries) fences.push_back(delivery.fence);
    }
    return fences;
  }

 private:
  MemoryBudget budget_{std::size_t{1} << 30};
  Namespace core_{"default", {100}, budget_};
  Effects effects_;
  std::uint64_t operation_ = 0;
  TimePoint now_{};
};

void Cycle(benchmark::State& state) {
  Core core({.order = static_cast<Order>(state.range(0))});
  const auto batch = static_cast<std::size_t>(state.range(1));
  const SessionId session = state.range(2) != 0 ? kSession : kUnary;
  std::vector<ContentPtr> contents;
  for (std::size_t item = 0; item < batch; ++item) {
    contents.push_back(NewContent(static_cast<std::int64_t>(item * 7919 % batch)));
  }
  for (auto _ : state) {
    core.Put(session, contents);
    core.Get(session, static_cast<std::uint32_t>(batch));
    core.Done(session, core.Fences());
  }
  state.SetItemsProcessed(state.iterations() * state.range(1));
}
BENCHMARK(Cycle)->ArgNames({"order", "batch", "session"})->ArgsProduct({{0, 1, 2}, {1, 16, 256}, {0, 1}});

// As Cycle, while a hundred thousand others of the same session are being worked on.
void CycleBesideManyLeases(benchmark::State& state) {
  constexpr std::uint32_t kLeased = 100'000;
  constexpr std::uint32_t kBatch = 1000;
  Core core;
  const ContentPtr content = NewContent();
  for (std::uint32_t item = 0; item < kLeased; item += kBatch) {
    core.Put(kSession, std::vector<ContentPtr>(kBatch, content));
    core.Get(kSession, kBatch);
  }
  for (auto _ : state) {
    core.Put(kSession, {content});
    core.Get(kSession, 1);
    core.Done(kSession, core.Fences());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(CycleBesideManyLeases);

// Getters park, then puts of one item each wake them, the oldest first; every item is finished. In the bytes: what one
// of them takes while it waits.
void ParkAndWake(benchmark::State& state) {
  Core core;
  const ContentPtr content = NewContent();
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::size_t before = mallinfo2().uordblks;
    for (std::int64_t getter = 0; getter < state.range(0); ++getter) core.Get(kSession, 1);
    bytes = mallinfo2().uordblks - before;
    for (std::int64_t getter = 0; getter < state.range(0); ++getter) {
      core.Put(kSession, {content});
      core.Done(kSession, core.Fences());
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["bytes_per_waiter"] = static_cast<double>(bytes) / static_cast<double>(state.range(0));
}
BENCHMARK(ParkAndWake)->ArgName("waiters")->Arg(1)->Arg(1000)->Arg(10'000);

}  // namespace
}  // namespace sluice::queue

BENCHMARK_MAIN();
