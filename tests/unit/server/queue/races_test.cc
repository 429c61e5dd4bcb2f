// Two things happen to a waiting call at the same instant. Whichever the core sees first decides; the other finds
// nothing left to decide. Every pair, in both orders: exactly one answer, and no item is lost or made.
#include <string>
#include <tuple>
#include <vector>

#include "tests/unit/server/queue/test_core.h"

namespace sluice::queue {
namespace {

constexpr SessionId kWaiting{1};

// kServe is what the call waits for: a put for a get, a get for a put, the last task_done for a join.
enum class Event { kServe, kTimeout, kCancel, kShutdown, kEnd, kSuspend, kDelete, kPut };
constexpr const char* kEventNames[] = {"serve", "timeout", "cancel", "shutdown", "end", "suspend", "delete", "put"};
enum class Caller { kGet, kPut, kJoin };
constexpr const char* kCallerNames[] = {"get", "put", "join"};

// A queue at which one call waits, and a moment at which its timeout is due.
class Scene {
 public:
  explicit Scene(Caller call) : call_(call) {
    core_.Create("q", {.maxsize = call == Caller::kPut ? 1 : 0});
    if (call != Caller::kGet) core_.Put("q", {"first"});
    if (call == Caller::kJoin) held_ = core_.Take("q");
    switch (call) {
      case Caller::kGet: op_ = core_.Begin(TestCore::GetOf("q", 10ms), kWaiting); break;
      case Caller::kPut: op_ = core_.Begin(TestCore::PutOf("q", {"second"}, 10ms), kWaiting); break;
      case Caller::kJoin: op_ = core_.Begin(Join{{"q"}, 10ms, false}, kWaiting); break;
    }
    EXPECT_EQ(core_.Outcome(op_), "waits");
    core_.now += 10ms;
  }

  void Happens(Event event) {
    switch (event) {
      case Event::kServe: return Serve();
      case Event::kTimeout: return core_.Advance();
      case Event::kCancel: return core_.Cancel(op_);
      case Event::kShutdown: core_.Do(Shutdown{"q", false}); return;
      case Event::kEnd: return core_.End(kWaiting);
      case Event::kSuspend: return core_.Suspend(kWaiting);
      case Event::kDelete: deleted_ = core_.Do(DeleteQueue{"q"}) == "ok" || deleted_; return;
      case Event::kPut: put_ += core_.Put("q", {"more"}) == "ok" ? 1 : 0; return;
    }
  }

  std::string Outcome() const { return core_.Outcome(op_); }

  void ExpectNothingLost() {
    EXPECT_EQ(core_.core.waiter_count(), Outcome() == "waits" ? 1u : 0u);
    if (deleted_) return;
    const QueueStats stats = core_.StatsOf("q");
    const std::uint64_t put =
        put_ + (call_ == Caller::kGet ? 0 : 1) + (call_ == Caller::kPut && Outcome() == "ok" ? 1 : 0);
    EXPECT_EQ(stats.put, put);
    EXPECT_EQ(stats.unfinished, put - done_);
    // What the waiting get got is leased, unless its session has ended; everything else can be got.
    core_.Do(Reopen{"q"});
    const std::size_t can_be_got = stats.ready == 0 ? 0 : core_.Take("q", 10).size();
    EXPECT_EQ(can_be_got + stats.leased, stats.unfinished);
    if (call_ == Caller::kGet) {
      EXPECT_EQ(stats.leased, Outcome() == "more" && !ended_ ? 1u : 0u);
    }
  }

  void SessionHasEnded() { ended_ = true; }

 private:
  void Serve() {
    switch (call_) {
      case Caller::kGet: return Happens(Event::kPut);
      case Caller::kPut: core_.Get("q"); return;
      case Caller::kJoin: done_ += core_.TaskDone("q", held_) == "ok" ? 1 : 0; return;
    }
  }

  const Caller call_;
  TestCore core_;
  OperationId op_;
  std::vector<Delivery> held_;
  std::uint64_t put_ = 0;
  std::uint64_t done_ = 0;
  bool deleted_ = false;
  bool ended_ = false;
};

// What an event alone makes of the waiting call; "waits": nothing.
std::string Decision(Caller call, Event event) {
  switch (event) {
    case Event::kServe: return call == Caller::kGet ? "more" : "ok";
    case Event::kTimeout: return call == Caller::kGet ? "EMPTY" : call == Caller::kPut ? "FULL" : "TIMEOUT";
    case Event::kCancel: return "CANCELLED";
    case Event::kShutdown: return call == Caller::kJoin ? "waits" : "SHUT_DOWN";
    case Event::kEnd: return "SESSION_LOST";
    case Event::kSuspend: return "waits";
    case Event::kDelete: return "QUEUE_DELETED";
    case Event::kPut: return call == Caller::kGet ? "more" : "waits";
  }
  return "";
}

// The first event that decides; a suspended get or put is not served, a join is not ended while more was put.
std::string Expected(Caller call, Event first, Event second) {
  const std::string decision = Decision(call, first);
  if (decision != "waits") return decision;
  const bool serves = second == Event::kServe || (call == Caller::kGet && second == Event::kPut);
  if (serves && first == Event::kSuspend && call != Caller::kJoin) return "waits";
  if (serves && first == Event::kPut && call == Caller::kJoin) return "waits";
  return Decision(call, second);
}

class RaceTest : public testing::TestWithParam<std::tuple<Caller, Event, Event>> {};

TEST_P(RaceTest, IsDecidedByTheFirstWithOneAnswerAndNothingLost) {
  const auto& [call, first, second] = GetParam();
  Scene scene(call);
  scene.Happens(first);
  scene.Happens(second);
  if (first == Event::kEnd || second == Event::kEnd) scene.SessionHasEnded();
  EXPECT_EQ(scene.Outcome(), Expected(call, first, second));
  scene.ExpectNothingLost();
}

std::string NameOf(const testing::TestParamInfo<RaceTest::ParamType>& info) {
  const auto& [call, first, second] = info.param;
  return std::string(kCallerNames[static_cast<int>(call)]) + "_" + kEventNames[static_cast<int>(first)] + "_then_" +
         kEventNames[static_cast<int>(second)];
}

// An event twice is a pair too: the second one changes nothing.
const auto kEvents = testing::Values(Event::kServe, Event::kTimeout, Event::kCancel, Event::kShutdown, Event::kEnd,
                                     Event::kSuspend, Event::kDelete, Event::kPut);
INSTANTIATE_TEST_SUITE_P(EveryPair, RaceTest,
                         testing::Combine(testing::Values(Caller::kGet, Caller::kPut, Caller::kJoin), kEvents, kEvents),
                         NameOf);

// ---- a lease that is settled at the instant at which it is due ----

class LeaseRaceTest : public testing::Test {
 protected:
  LeaseRaceTest() {
    core_.Create("q", {.lease = 10ms});
    core_.Put("q", {"a"});
    held_ = core_.Take("q");
    core_.now += 10ms;
  }
  TestCore core_;
  std::vector<Delivery> held_;
};

TEST_F(LeaseRaceTest, TaskDoneFirst) {
  EXPECT_EQ(core_.TaskDone("q", held_), "ok");
  core_.Advance();
  EXPECT_EQ(core_.StatsOf("q").done, 1u);
  EXPECT_EQ(core_.StatsOf("q").unfinished, 0u);
}

TEST_F(LeaseRaceTest, DeadlineFirst) {
  core_.Advance();
  EXPECT_EQ(core_.TaskDone("q", held_), "LEASE_LOST");
  EXPECT_EQ(core_.Line("q"), "a");
}

TEST_F(LeaseRaceTest, ExtendFirst) {
  EXPECT_EQ(core_.Do(Extend{"q", TestCore::FencesOf(held_), 5ms}), "ok");
  core_.Advance();
  EXPECT_EQ(core_.StatsOf("q").leased, 1u);
  core_.Pass(5ms);
  EXPECT_EQ(core_.Line("q"), "a");
}

TEST_F(LeaseRaceTest, FailFirstCountsTheAttemptOnce) {
  EXPECT_EQ(core_.Fail("q", held_), "ok");
  core_.Advance();
  EXPECT_EQ(core_.Take("q").at(0).attempt, 2u);
}

// ---- several things due at one instant: leases come first, then timeouts ----

TEST(DueTogetherTest, AGetAtItsTimeoutStillGetsTheItemThatComesBack) {
  TestCore core;
  core.Create("q", {.lease = 10ms});
  core.Put("q", {"a"});
  core.Take("q");
  const OperationId get = core.Begin(TestCore::GetOf("q", 10ms));
  core.Pass(10ms);
  EXPECT_EQ(core.Outcome(get), "a");
}

TEST(DueTogetherTest, APutAtItsTimeoutStillGetsTheRoomOfAnItemThatDies) {
  TestCore core;
  core.Create("q", {.maxsize = 1, .count_leased = true, .lease = 10ms, .max_attempts = 1});
  core.Put("q", {"a"});
  core.Take("q");
  const OperationId put = core.Begin(TestCore::PutOf("q", {"b"}, 10ms));
  core.Pass(10ms);
  EXPECT_EQ(core.Outcome(put), "ok");
}

TEST(DueTogetherTest, AJoinAtItsTimeoutStillSeesTheLastItemDie) {
  TestCore core;
  core.Create("q", {.lease = 10ms, .max_attempts = 1});
  core.Put("q", {"a"});
  core.Take("q");
  const OperationId join = core.Begin(Join{{"q"}, 10ms, false});
  core.Pass(10ms);
  EXPECT_EQ(core.Outcome(join), "ok");
}

TEST(DueTogetherTest, LeasesReturnInTheOrderOfTheirDeadlinesHoweverLateAdvanceIs) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a", "b"});
  sluice::Get get = TestCore::GetOf("q");
  get.lease = 20ms;
  core.Begin(get);  // a, due second
  get.lease = 10ms;
  core.Begin(get);  // b, due first
  const OperationId first = core.Begin(TestCore::GetOf("q"));
  const OperationId second = core.Begin(TestCore::GetOf("q"));
  core.Pass(1h);
  EXPECT_EQ(core.Outcome(first), "b");
  EXPECT_EQ(core.Outcome(second), "a");
}

TEST(DueTogetherTest, AdvanceIsIdempotent) {
  TestCore core;
  core.Create("q", {.lease = 10ms});
  core.Put("q", {"a"});
  core.Take("q");
  core.Pass(10ms);
  const auto answered = core.answered().size();
  core.Advance();
  core.Advance();
  EXPECT_EQ(core.answered().size(), answered);
  EXPECT_EQ(core.Line("q"), "a");
}

TEST(DueTogetherTest, NothingIsDueBeforeSomebodyCallsAdvance) {
  TestCore core;
  core.Create("q");
  const OperationId get = core.Begin(TestCore::GetOf("q", 10ms));
  core.now += 1h;
  EXPECT_EQ(core.Put("q", {"a"}), "ok");
  EXPECT_EQ(core.Outcome(get), "a");
}

TEST(CancelAllTest, AnswersEveryWaiterAndServesNobodyInBetween) {
  TestCore core;
  core.Create("q", {.maxsize = 1});
  core.Put("q", {"a"});
  const OperationId big = core.Begin(TestCore::PutOf("q", {"b"}));
  core.Create("empty");
  const OperationId get = core.Begin(TestCore::GetOf("empty", 10ms));
  const OperationId join = core.Begin(Join{{"q", "empty"}, kForever, false});
  core.CancelAll();
  for (const OperationId op : {big, get, join}) EXPECT_EQ(core.Outcome(op), "UNAVAILABLE");
  EXPECT_EQ(core.core.waiter_count(), 0u);
  EXPECT_EQ(core.core.NextDeadline(), std::nullopt);
  EXPECT_EQ(core.Line("q"), "a");
}

}  // namespace
}  // namespace sluice::queue
