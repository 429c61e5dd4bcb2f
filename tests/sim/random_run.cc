#include "tests/sim/random_run.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace sluice::sim {
namespace {

using namespace std::chrono_literals;

// Few and round times, so that things fall due together.
WaitTime DrawTimeout(Dice& dice) {
  return dice.Of<WaitTime>({0ms, 0ms, 5ms, 10ms, 20ms, 50ms, kForever, kForever, kForever});
}

}  // namespace

RandomRun::World::World(Dice dice)
    : of{.max_queues = 0, .memory_bytes = dice.Of<std::size_t>({1'000'000, 1'000'000, 1'100, 2'200, 4'400})},
      names(1 + dice.Below(3)),
      sessions(1 + dice.Below(3)) {
  // Each run likes other steps, so that states which balanced runs never reach are reached too.
  const std::size_t usual[kKinds] = {
      /*put*/ 30,        /*get*/ 30,     /*task_done*/ 12, /*fail*/ 6,     /*release*/ 6,   /*extend*/ 3,
      /*join*/ 4,        /*shutdown*/ 1, /*reopen*/ 2,     /*peek*/ 1,     /*create*/ 4,    /*update*/ 4,
      /*delete*/ 1,      /*list*/ 1,     /*purge*/ 1,      /*advance*/ 10, /*pass*/ 2,      /*cancel*/ 3,
      /*cancel all*/ 1,  /*suspend*/ 2,  /*resume*/ 3,     /*end*/ 2,      /*delivered*/ 4,
      /*undelivered*/ 3, /*memory*/ 3,   /*restart*/ 0};
  for (std::size_t kind = 0; kind < kKinds; ++kind) weights[kind] = usual[kind] * dice.Of<std::size_t>({1, 2, 4, 0, 8});
  weights[kPut] += 30;
  weights[kGet] += 10;
  weights[kAdvance] += 2;
  weights[kCreate] += 2;
  of.max_queues = dice.Of<std::size_t>({2, 3, 10, 10});
  if (of.memory_bytes != 1'000'000) return;
  weights[kMemory] = 0;
  of.durable = dice.OneIn(2);
  if (!of.durable) return;
  weights[kRestart] = dice.Of<std::size_t>({0, 2, 8});
  of.window_bytes = dice.Of<std::size_t>({1'000'000, 1'000'000, 300, 600, 2'000});
  if (of.window_bytes < of.memory_bytes) weights[kPeek] = 0;  // it sees what is in memory
  of.log_bytes = dice.Of<std::size_t>({1'000'000, 300, 1'000});
}

RandomRun::RandomRun(std::uint64_t seed) : world_(Dice(seed)), both_(world_.of) {
  for (std::size_t i = 0; i < world_.sessions; ++i) sessions_.push_back({SessionId{++last_session_}});
}

void RandomRun::Step(std::uint64_t step) {
  Dice dice(step);
  const std::size_t all = std::accumulate(std::begin(world_.weights), std::end(world_.weights), std::size_t{0});
  std::size_t point = dice.Below(all);
  std::size_t kind = 0;
  while (point >= world_.weights[kind]) point -= world_.weights[kind++];
  Do(static_cast<Kind>(kind), dice);
}

void RandomRun::Do(Kind kind, Dice& dice) {
  if (kind >= kAdvance) return Act(kind, dice);
  SessionId session;
  if (const Client& client = sessions_[DrawSession(dice)]; !client.suspended && !dice.OneIn(3))
    session = client.session;
  both_.Apply(session, Draw(kind, dice), /*may_wait=*/!dice.OneIn(20));
}

void RandomRun::Act(Kind kind, Dice& dice) {
  const auto& waiters = both_.model().waiters();
  const auto& deliveries = both_.deliveries();
  Client& client = sessions_[DrawSession(dice)];
  switch (kind) {
    case kAdvance: return both_.Advance(DrawTime(dice));
    case kPass: return both_.Pass(DrawTime(dice));
    case kCancel: return both_.Cancel(waiters.empty() ? OperationId{1} : waiters[dice.Below(waiters.size())].op);
    case kCancelAll: return dice.OneIn(4) ? both_.CancelAll() : void();
    case kSuspend: client.suspended = true; return both_.Suspend(client.session);
    case kResume: client.suspended = false; return both_.Resume(client.session);
    case kEnd: {
      const SessionId ended = client.session;
      client = {SessionId{++last_session_}};
      return both_.End(ended);
    }
    case kDelivered:
    case kUndelivered: {
      if (deliveries.empty()) return;
      const std::size_t recent = std::min<std::size_t>(deliveries.size(), 6);
      const std::vector<Delivery> one = deliveries[deliveries.size() - 1 - dice.Below(recent)];
      return kind == kDelivered ? both_.Delivered(one) : both_.Undelivered(one);
    }
    case kRestart: return Restart();
    case kMemory: return both_.SetMemoryOfOthers(dice.Of<std::size_t>({0, 0, 300, 600, 1'200}));
    default: return;
  }
}

void RandomRun::Restart() {
  both_.Restart();
  for (Client& client : sessions_) {
    if (both_.KnowsSession(client.session)) {
      client.suspended = true;
    } else {
      client = {SessionId{++last_session_}};
    }
  }
}

Command RandomRun::Draw(Kind kind, Dice& dice) const {
  const std::string queue = DrawQueue(dice);
  switch (kind) {
    case kPut: return DrawPut(dice);
    case kGet: return DrawGet(dice);
    case kTaskDone: return TaskDone{queue, DrawFences(queue, dice)};
    case kFail: return Fail{queue, DrawFences(queue, dice), dice.OneIn(2) ? "out of luck" : ""};
    case kRelease: return Release{queue, DrawFences(queue, dice)};
    case kExtend: return Extend{queue, DrawFences(queue, dice), dice.Of({0ms, 5ms, 20ms, 50ms})};
    case kJoin: return DrawJoin(dice);
    case kShutdown: return Shutdown{queue, dice.OneIn(2)};
    case kReopen: return Reopen{queue};
    case kPeek: return Peek{queue, static_cast<std::uint32_t>(1 + dice.Below(4))};
    case kCreate: return CreateQueue{queue, DrawSettings(dice)};
    case kUpdate: return DrawUpdate(dice);
    case kDelete: return DeleteQueue{queue};
    case kList:
      return ListQueues{dice.Of({"", "a", "b", "z"}), dice.Of({"", "a", "b"}),
                        static_cast<std::uint32_t>(dice.Below(3))};
    default: return PurgeQueue{queue};
  }
}

Put RandomRun::DrawPut(Dice& dice) const {
  Put put{DrawQueue(dice), {}, DrawTimeout(dice), DrawCreate(dice)};
  if (dice.OneIn(3)) {
    put.producer = dice.Of<std::string>({"p", "producer with a longer name"});
    put.sequence = dice.Below(20);
  }
  const std::size_t count = dice.Of<std::size_t>({1, 1, 1, 1, 2, 2, 3, 5});
  for (std::size_t i = 0; i < count; ++i) {
    Content content;
    content.payload = Bytes(std::string(dice.Below(7), 'x'));
    content.priority = static_cast<std::int64_t>(dice.Below(4)) - 2;
    if (dice.OneIn(8)) content.content_type = "text/plain";
    if (dice.OneIn(8)) content.headers = {{"name", "value"}};
    put.items.push_back(std::make_shared<const Content>(std::move(content)));
  }
  return put;
}

Get RandomRun::DrawGet(Dice& dice) const {
  Get get{DrawQueue(dice), 1, DrawTimeout(dice), dice.OneIn(4), dice.Of({0ms, 0ms, 5ms, 20ms}), dice.OneIn(3), {}};
  get.max_items = dice.Of<std::uint32_t>({1, 1, 1, 2, 3, 10});
  get.create = DrawCreate(dice);
  get.prefetch = dice.Of({Prefetch::kNone, Prefetch::kNone, Prefetch::kAhead, Prefetch::kWanted});
  return get;
}

Join RandomRun::DrawJoin(Dice& dice) const {
  Join join{{DrawQueue(dice)}, DrawTimeout(dice), dice.OneIn(2)};
  const std::string other = DrawQueue(dice);
  if (other != join.queues.front()) join.queues.push_back(other);
  return join;
}

UpdateQueue RandomRun::DrawUpdate(Dice& dice) const {
  const QueueSettings drawn = DrawSettings(dice);
  QueueUpdate update;
  if (dice.OneIn(3)) update.maxsize = drawn.maxsize;
  if (dice.OneIn(3)) update.max_bytes = drawn.max_bytes;
  if (dice.OneIn(4)) update.count_leased = drawn.count_leased;
  if (dice.OneIn(4)) update.lease = drawn.lease;
  if (dice.OneIn(4)) update.max_attempts = drawn.max_attempts;
  if (dice.OneIn(2)) update.paused = drawn.paused;
  return {DrawQueue(dice), update};
}

QueueSettings RandomRun::DrawSettings(Dice& dice) const {
  QueueSettings settings;
  settings.order = dice.Of({Order::kFifo, Order::kLifo, Order::kPriority});
  settings.maxsize = dice.Of<std::int64_t>({0, 1, 2, 3, 5});
  settings.max_bytes = dice.Of<std::int64_t>({0, 0, 5, 10});
  settings.count_leased = dice.OneIn(3);
  settings.lease = dice.Of({5ms, 10ms, 50ms});
  settings.max_attempts = dice.Of({0, 0, 1, 2, 3});
  settings.paused = dice.OneIn(6);
  if (world_.of.durable) settings.durability = dice.Of({Durability::kAsync, Durability::kFsync});
  return settings;
}

std::optional<QueueSettings> RandomRun::DrawCreate(Dice& dice) const {
  if (!dice.OneIn(4)) return std::nullopt;
  return DrawSettings(dice);
}

std::string RandomRun::DrawQueue(Dice& dice) const {
  return std::string(1, static_cast<char>('a' + dice.Below(world_.names)));
}

// Mostly leases that are held, but also spent ones, another queue's, invented ones, and one twice.
std::vector<Fence> RandomRun::DrawFences(const std::string& queue, Dice& dice) const {
  std::vector<Fence> held;
  const auto& queues = both_.model().queues();
  if (const auto found = queues.find(queue); found != queues.end()) {
    for (const ModelItem& item : found->second.items) {
      if (item.lease) held.push_back(item.lease->fence);
    }
  }
  std::vector<Fence> fences;
  const std::size_t count = dice.Of<std::size_t>({1, 1, 1, 2, 3});
  for (std::size_t i = 0; i < count; ++i) {
    if (!held.empty() && !dice.OneIn(6)) {
      fences.push_back(held[dice.Below(held.size())]);
    } else if (both_.restarted()) {  // a spent one is known to the session that settled it before the restart
      fences.push_back(Fence{~std::uint64_t{0}});
    } else if (!both_.deliveries().empty()) {
      fences.push_back(both_.deliveries()[dice.Below(both_.deliveries().size())].front().fence);
    } else {
      fences.push_back(Fence{dice.Below(5)});
    }
  }
  return fences;
}

Duration RandomRun::DrawTime(Dice& dice) const {
  const auto due = both_.model().NextDeadline();
  if (due && *due > both_.now() && dice.OneIn(2)) return *due - both_.now() - Duration(dice.OneIn(4) ? 1 : 0);
  return dice.Of<Duration>({0ms, 1ms, 5ms, 5ms, 10ms, 50ms});
}

}  // namespace sluice::sim
