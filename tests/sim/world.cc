#include "tests/sim/world.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "tests/sim/text.h"

namespace sluice::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDrain = 120s;       // longer than every lease, every grace period and every timeout together
constexpr Duration kLastAnswers = 20s;  // to what was cancelled

}  // namespace

World::World(std::uint64_t seed, bool keeps_trace)
    : dice_(seed),
      trace_(keeps_trace),
      server_(agenda_, dice_, trace_, DrawOptions(dice_)),
      surroundings_{agenda_, dice_, trace_, ledger_, queues_} {
  surroundings_.calm = dice_.OneIn(10);
  surroundings_.dial = [this](const std::shared_ptr<Connection>& connection) {
    if (server_.up()) server_.Accept(connection);
    return server_.up();
  };
  DrawQueues();
  if (surroundings_.calm) {
    ledger_.set_calm();
    return;
  }
  const std::size_t usual[kFaults] = {/*kill*/ 4, /*power*/ 4,  /*stop*/ 1, /*cut*/ 12,
                                      /*dies*/ 4, /*append*/ 1, /*full*/ 1, /*slow*/ 3};
  for (std::size_t i = 0; i < kFaults; ++i) weights_[i] = usual[i] * dice_.Of<std::size_t>({0, 1, 1, 3});
  weights_[kCut] += 1;
  between_faults_ = dice_.Of<Duration>({100ms, 300ms, 1s});
}

broker::BrokerOptions World::DrawOptions(Dice& dice) {
  broker::BrokerOptions options;
  options.log_bytes = dice.Of<std::size_t>({1'000'000, 2'000, 2'000, 10'000});
  options.window_bytes = dice.Of<std::size_t>({1'000'000, 1'000'000, 600, 3'000});
  options.grace = dice.Of({2'000ms, 500ms});
  return options;
}

void World::DrawQueues() {
  const std::size_t count = 1 + dice_.Below(4);
  const std::size_t spaces = 1 + dice_.Below(2);
  for (std::size_t i = 0; i < count; ++i) {
    SimQueue queue{"space" + std::to_string(dice_.Below(spaces)), "q" + std::to_string(i), {}};
    queue.settings.durability =
        dice_.Of({Durability::kFsync, Durability::kFsync, Durability::kAsync, Durability::kMemory});
    queue.settings.order = dice_.Of({Order::kFifo, Order::kFifo, Order::kLifo, Order::kPriority});
    queue.settings.maxsize = dice_.Of<std::int64_t>({0, 0, 3, 10});
    queues_.push_back(std::move(queue));
  }
}

void World::CreateQueues() {
  std::size_t created = 0;
  for (const SimQueue& queue : queues_) {
    server_.Submit(queue.space, CreateQueue{queue.name, queue.settings}, [&created](Answer&& answer) {
      if (answer.ok()) ++created;
    });
  }
  server_.Settle();
  RunUntil(agenda_.Now() + 1s, [&] { return created == queues_.size(); });
  ledger_.Expect(created == queues_.size(), "the queues cannot be created");
}

void World::AddClient() {
  clients_.push_back(std::make_shared<SimClient>(surroundings_, ++last_client_));
  clients_.back()->Begin();
}

const std::string& World::Run() {
  Start();
  CreateQueues();
  const std::size_t clients = 2 + dice_.Below(4);
  for (std::size_t i = 0; i < clients; ++i) AddClient();
  Live();
  Drain();
  return ledger_.problem();
}

template <typename Done>
bool World::RunUntil(TimePoint time, Done done) {
  while (ledger_.problem().empty()) {
    if (done()) return true;
    if (!agenda_.RunNext(time)) return false;
    server_.Settle();
  }
  return false;
}

void World::Live() {
  const TimePoint end = agenda_.Now() + 3s + Duration(dice_.Below(3'000'000));
  const auto never = [] { return false; };
  if (surroundings_.calm) {
    RunUntil(end, never);
    return;
  }
  while (ledger_.problem().empty() && agenda_.Now() < end) {
    RunUntil(agenda_.Now() + Duration(dice_.Below(2 * static_cast<std::size_t>(between_faults_.count()))), never);
    const std::size_t all = std::accumulate(std::begin(weights_), std::end(weights_), std::size_t{0});
    std::size_t point = dice_.Below(all);
    std::size_t fault = 0;
    while (point >= weights_[fault]) point -= weights_[fault++];
    Fail(static_cast<Fault>(fault));
    // Somebody looks after it.
    if (server_.up() && server_.in_trouble() && dice_.OneIn(2)) Down(SimServer::End::kStop);
  }
}

void World::Fail(Fault fault) {
  switch (fault) {
    case kKill: return Down(SimServer::End::kKill);
    case kPowerLoss: return Down(SimServer::End::kPowerLoss);
    case kStop: return Down(SimServer::End::kStop);
    case kCut: return CutOne();
    case kClientDies: return EndOne();
    case kAppendFails: return FailAppend();
    case kFull: {
      trace_.Add(agenda_.Now(), "the disk is full");
      server_.SetFull(true);
      return agenda_.After(Duration(dice_.Below(500'000)), [this] { server_.SetFull(false); });
    }
    case kSlowDisk: return server_.SetCommitTime(dice_.Of<Duration>({200us, 2ms, 20ms, 500ms}));
    case kFaults: return;
  }
}

void World::FailAppend() {
  using journal::Result;
  const journal::Fault fault{dice_.Of({Result::kUnknown, Result::kUnavailable, Result::kFull}), false};
  const bool is_written = fault.result == Result::kUnknown && dice_.OneIn(2);
  trace_.Add(agenda_.Now(), "an append is to fail: " + std::string(journal::NameOf(fault.result)) +
                                (is_written ? ", but it is written" : ""));
  server_.FailNext({fault.result, is_written});
}

void World::CutOne() {
  const auto client_notices = dice_.Of<Duration>({100us, 5ms, 300ms, 20s});
  const auto server_notices = dice_.Of<Duration>({100us, 5ms, 300ms, 20s});
  clients_[dice_.Below(clients_.size())]->Cut(client_notices, server_notices);
}

void World::EndOne() {
  const std::size_t which = dice_.Below(clients_.size());
  clients_[which]->End(/*politely=*/dice_.OneIn(3));
  clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(which));
  AddClient();
}

void World::Down(SimServer::End how) {
  if (!server_.up()) return;
  server_.Down(how);
  ledger_.LifeEnds(server_.life(), how == SimServer::End::kPowerLoss ? Durability::kFsync : Durability::kAsync);
  agenda_.After(Duration(dice_.Below(dice_.OneIn(4) ? 2'000'000 : 20'000)), [this] { Start(); });
}

void World::Start() {
  std::string problem;
  if (server_.up()) return;
  if (!server_.Start(&problem)) ledger_.Expect(false, "the server does not start: " + problem);
}

void World::Drain() {
  trace_.Add(agenda_.Now(), "no more faults");
  Start();
  server_.SetFull(false);
  server_.SetCommitTime(500us);
  for (const auto& client : clients_) client->Drain();
  const TimePoint end = agenda_.Now() + kDrain;
  bool drained = false;
  while (!drained && ledger_.problem().empty() && agenda_.Now() < end) {
    RunUntil(agenda_.Now() + 300ms, [] { return false; });
    drained = server_.up() && IsDrained();
  }
  if (!ledger_.problem().empty()) return;
  std::string problem = "it does not drain:";
  for (const SimQueue& queue : queues_) problem += "\n  " + queue.full_name() + ": " + ToText(StatsOf(queue));
  for (const auto& client : clients_) problem += "\n  " + client->Describe();
  ledger_.Expect(drained, problem);
  if (drained) Finish();
}

bool World::IsDrained() {
  if (!std::all_of(clients_.begin(), clients_.end(), [](const auto& client) { return client->Rests(); })) return false;
  return std::all_of(queues_.begin(), queues_.end(),
                     [this](const SimQueue& queue) { return StatsOf(queue).unfinished == 0; });
}

void World::Finish() {
  for (const auto& client : clients_) client->Stop();
  const bool answered = RunUntil(agenda_.Now() + kLastAnswers, [this] {
    return std::all_of(clients_.begin(), clients_.end(), [](const auto& client) { return client->unanswered() == 0; });
  });
  std::string problem = "calls are not answered:";
  for (const auto& client : clients_) problem += "\n  " + client->Describe();
  ledger_.Expect(answered, problem);
  for (const SimQueue& queue : queues_) ledger_.Ends(queue, StatsOf(queue));
  trace_.Add(agenda_.Now(), "the end");
}

// Of a queue that is not there, for its creation went with the power: nothing.
QueueStats World::StatsOf(const SimQueue& queue) {
  QueueStats stats;
  server_.Submit(queue.space, Stats{queue.name}, [&stats](Answer&& answer) {
    if (const auto* result = std::get_if<StatsResult>(&answer.result)) stats = result->stats;
  });
  return stats;
}

}  // namespace sluice::sim
