// The broker and the core under it: what an item costs beside the bytes on the wire. One thread, as a thread of the
// server sees it: operations in, completions run, answers taken and confirmed.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "server/broker/broker.h"
#include "server/journal/journal.h"

namespace sluice::broker {
namespace {

constexpr std::size_t kPayloadBytes = 100;
const std::string kSpace = "default";

ContentPtr NewContent() {
  auto content = std::make_shared<Content>();
  content->payload = Bytes(std::string(kPayloadBytes, 'x'));
  return content;
}

Command PutOf(std::vector<ContentPtr> items) { return Put{"q", std::move(items), kForever, std::nullopt}; }
Command GetOf(std::size_t items) {
  Get get;
  get.queue = "q";
  get.max_items = static_cast<std::uint32_t>(items);
  return get;
}
Command DoneOf(std::vector<Fence> fences) { return TaskDone{"q", std::move(fences)}; }

void AddFences(const Answer& answer, std::vector<Fence>* fences) {
  const auto* got = std::get_if<GetResult>(&answer.result);
  if (got == nullptr) return;
  for (const Delivery& delivery : got->deliveries) fences->push_back(delivery.fence);
}

// A broker with one queue.
struct Server {
  Server() {
    broker.Submit({}, kSpace, CreateQueue{"q", {}}, [](Answer&&) {});
  }

  Broker broker{{}, SteadyClock::Get(), {}, [] {}};
};

void UnaryCycle(benchmark::State& state) {
  Server server;
  const auto batch = static_cast<std::size_t>(state.range(0));
  const std::vector<ContentPtr> contents(batch, NewContent());
  const auto submit = [&server](Command command, Completion completion) {
    server.broker.Submit({}, kSpace, std::move(command), std::move(completion));
  };
  for (auto _ : state) {
    std::vector<Fence> fences;
    submit(PutOf(contents), [](Answer&&) {});
    submit(GetOf(batch), [&fences](Answer&& answer) { AddFences(answer, &fences); });
    submit(DoneOf(std::move(fences)), [](Answer&&) {});
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(UnaryCycle)->ArgName("batch")->Arg(1)->Arg(16)->Arg(256);

// A session and its stream: every message in begins operations and confirms, every message out takes all answers.
class Client {
 public:
  explicit Client(Broker& broker) {
    Answer refusal;
    session_ = broker.OpenSession("bench", {}, &refusal);
    session_->Attach(sink_, 0);
  }

  void Add(Command&& command) { message_.push_back({++operation_, RoutedCommand{kSpace, std::move(command)}}); }
  void Send() {
    session_->Confirm(seen_);
    session_->SubmitAll(std::move(message_));
  }
  // The leases of everything that the stream may write now.
  std::vector<Fence> Take() {
    std::vector<Fence> fences;
    for (const SessionAnswer& each : session_->TakeAnswers(sink_.get(), 1'000'000, 1u << 30)) {
      ++seen_;
      AddFences(*each.answer, &fences);
    }
    return fences;
  }

 private:
  struct Sink final : SessionSink {
    void Wake() override {}
    void Gone(Reason, const std::string&) override {}
  };

  std::shared_ptr<Session> session_;
  const std::shared_ptr<Sink> sink_ = std::make_shared<Sink>();
  std::vector<SubmittedOperation> message_;
  std::uint64_t operation_ = 0;
  std::uint64_t seen_ = 0;
};

// A message for each of put, get and task_done.
void SessionCycle(benchmark::State& state) {
  Server server;
  Client client(server.broker);
  const auto batch = static_cast<std::size_t>(state.range(0));
  const std::vector<ContentPtr> contents(batch, NewContent());
  for (auto _ : state) {
    client.Add(PutOf(contents));
    client.Send();
    client.Take();
    client.Add(GetOf(batch));
    client.Send();
    client.Add(DoneOf(client.Take()));
    client.Send();
    client.Take();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(SessionCycle)->ArgName("batch")->Arg(1)->Arg(16)->Arg(256);

// What the threads of a client do at once: a message carries as many puts, gets or task_dones of one item.
void SessionMessageOfSingles(benchmark::State& state) {
  Server server;
  Client client(server.broker);
  const ContentPtr content = NewContent();
  for (auto _ : state) {
    for (std::int64_t each = 0; each < state.range(0); ++each) client.Add(PutOf({content}));
    client.Send();
    client.Take();
    for (std::int64_t each = 0; each < state.range(0); ++each) client.Add(GetOf(1));
    client.Send();
    for (const Fence fence : client.Take()) client.Add(DoneOf({fence}));
    client.Send();
    client.Take();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(SessionMessageOfSingles)->ArgName("operations")->Arg(1)->Arg(8)->Arg(64)->Arg(256);

// Getters of one session park, then puts of one item each wake them. In the bytes: what one of them takes while it
// waits.
void SessionParkAndWake(benchmark::State& state) {
  Server server;
  Client getters(server.broker);
  Client putter(server.broker);
  const ContentPtr content = NewContent();
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::size_t before = mallinfo2().uordblks;
    for (std::int64_t getter = 0; getter < state.range(0); ++getter) {
      getters.Add(GetOf(1));
      if (getter % 256 == 255) getters.Send();
    }
    getters.Send();
    bytes = mallinfo2().uordblks - before;
    for (std::int64_t getter = 0; getter < state.range(0); ++getter) {
      putter.Add(PutOf({content}));
      putter.Send();
      putter.Take();
      getters.Add(DoneOf(getters.Take()));
      getters.Send();
    }
    getters.Take();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["bytes_per_waiter"] = static_cast<double>(bytes) / static_cast<double>(state.range(0));
}
BENCHMARK(SessionParkAndWake)->ArgName("waiters")->Arg(1)->Arg(1000)->Arg(10'000);

}  // namespace
}  // namespace sluice::broker

BENCHMARK_MAIN();
