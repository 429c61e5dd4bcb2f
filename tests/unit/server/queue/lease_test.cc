// What a lease allows, how it is lost, and where its item goes then.
#include "tests/unit/server/queue/test_core.h"

namespace sluice::queue {
namespace {

constexpr SessionId kAnna{1};
constexpr SessionId kBert{2};

TEST(FenceTest, RisesWithEveryDeliveryInTheNamespace) {
  TestCore core;
  core.Create("q");
  core.Create("other");
  core.Put("q", {"a", "b"});
  core.Put("other", {"c"});
  Fence last;
  for (int round = 0; round < 3; ++round) {
    const auto a = core.Take("q");
    const auto c = core.Take("other");
    EXPECT_GT(a.at(0).fence, last);
    EXPECT_GT(c.at(0).fence, a.at(0).fence);
    last = c.at(0).fence;
    core.Release("q", a);
    core.Release("other", c);
  }
}

TEST(FenceTest, OfAnEarlierDeliveryIsRefused) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  const auto stale = core.Take("q");
  core.Release("q", stale);
  const auto held = core.Take("q");
  EXPECT_EQ(core.TaskDone("q", stale), "LEASE_LOST");
  EXPECT_EQ(core.Fail("q", stale), "LEASE_LOST");
  EXPECT_EQ(core.Release("q", stale), "LEASE_LOST");
  EXPECT_EQ(core.Do(Extend{"q", TestCore::FencesOf(stale)}), "LEASE_LOST");
  EXPECT_EQ(core.TaskDone("q", held), "ok");
  EXPECT_EQ(core.TaskDone("q", held), "LEASE_LOST");  // more calls than gets
}

TEST(FenceTest, OfAnotherQueueIsLost) {
  TestCore core;
  core.Create("q");
  core.Create("other");
  core.Put("q", {"a"});
  const auto held = core.Take("q");
  EXPECT_EQ(core.TaskDone("other", held), "LEASE_LOST");
  EXPECT_EQ(core.TaskDone("none", held), "QUEUE_NOT_FOUND");
  EXPECT_EQ(core.TaskDone("q", held), "ok");
}

TEST(FenceTest, IsACapabilityAnySessionMaySettleIt) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  const auto held = core.Take("q", 1, kAnna);
  EXPECT_EQ(core.Do(TaskDone{"q", TestCore::FencesOf(held)}, kBert), "ok");
}

TEST(FenceTest, SomeHeldSomeLostSettlesTheHeldAndNamesTheOthers) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a", "b"});
  const auto held = core.Take("q", 2);
  const Fence never{1'000};
  const auto result = core.Must<TaskDoneResult>(TaskDone{"q", {held[0].fence, never, held[0].fence, held[1].fence}});
  EXPECT_EQ(result.lost, (std::vector<Fence>{never, held[0].fence}));  // named twice: lost the second time
  EXPECT_EQ(core.StatsOf("q").done, 2u);
}

TEST(FenceTest, NamedTwiceIsLostTheSecondTimeInEveryCall) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  std::vector<Fence> twice = {core.Take("q").at(0).fence};
  twice.push_back(twice[0]);
  EXPECT_EQ(core.Must<ExtendResult>(Extend{"q", twice}).lost.size(), 1u);
  const auto failed = core.Must<FailResult>(Fail{"q", twice, "no"});
  EXPECT_EQ(failed.lost.size(), 1u);
  EXPECT_EQ(failed.retried, 1u);
  twice.assign(2, core.Take("q").at(0).fence);
  EXPECT_EQ(core.Must<ReleaseResult>(Release{"q", twice}).lost.size(), 1u);
  EXPECT_EQ(core.Take("q").at(0).attempt, 2u);
}

TEST(ReturnTest, AnItemGoesBackToItsPlaceInEveryOrder) {
  TestCore core;
  core.Create("fifo", {.order = Order::kFifo});
  core.Create("lifo", {.order = Order::kLifo});
  core.Create("priority", {.order = Order::kPriority});
  const std::map<std::string, std::string> lines = {{"fifo", "a,b,c,d"}, {"lifo", "d,c,b,a"}, {"priority", "c,a,b,d"}};
  for (const auto& [queue, line] : lines) {
    core.Put(queue, {"a"}, 5);
    core.Put(queue, {"b"}, 5);
    core.Put(queue, {"c"}, 1);
    const auto held = core.Take(queue, 3);
    core.Put(queue, {"d"}, 9);
    core.Release(queue, {held[2]});
    core.Fail(queue, {held[0]});
    core.Undelivered({held[1]});
    EXPECT_EQ(core.Line(queue), line) << queue;
    EXPECT_EQ(core.Get(queue, 9), line) << queue;
  }
}

TEST(ReturnTest, SeveralGoBackTogetherSoThatTheNextGetterGetsThemInOrder) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a", "b", "c"});
  const auto held = core.Take("q", 3);
  const OperationId waiting = core.Begin(TestCore::GetOf("q", kForever, 3));
  core.Release("q", {held[2], held[0], held[1]});
  EXPECT_EQ(core.Outcome(waiting), "a,b,c");
}

TEST(ReleaseTest, DoesNotCountTheAttempt) {
  TestCore core;
  core.Create("q", {.max_attempts = 1});
  core.Put("q", {"a"});
  for (int i = 0; i < 3; ++i) {
    const auto held = core.Take("q");
    EXPECT_EQ(held.at(0).attempt, 1u);
    EXPECT_EQ(core.Release("q", held), "ok");
  }
  const QueueStats stats = core.StatsOf("q");
  EXPECT_EQ(stats.delivered, 3u);
  EXPECT_EQ(stats.redelivered, 2u);
}

TEST(FailTest, RetriesUntilTheAttemptsAreUsedUpThenTheItemIsDead) {
  TestCore core;
  core.Create("q", {.max_attempts = 3});
  core.Put("q", {"a"});
  for (std::uint32_t attempt = 1; attempt <= 3; ++attempt) {
    const auto held = core.Take("q");
    ASSERT_EQ(held.size(), 1u);
    EXPECT_EQ(held[0].attempt, attempt);
    const auto result = core.Must<FailResult>(Fail{"q", TestCore::FencesOf(held), "boom"});
    EXPECT_EQ(result.retried, attempt < 3 ? 1u : 0u);
    EXPECT_EQ(result.dead, attempt < 3 ? 0u : 1u);
  }
  EXPECT_EQ(core.StatsOf("q").dead, 1u);
  EXPECT_EQ(core.StatsOf("q").unfinished, 0u);
  EXPECT_EQ(core.budget.used(), 0u);
}

TEST(FailTest, WithoutALimitRetriesForEver) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  for (std::uint32_t attempt = 1; attempt <= 50; ++attempt) {
    const auto held = core.Take("q");
    ASSERT_EQ(held.at(0).attempt, attempt);
    core.Fail("q", held);
  }
}

TEST(FailTest, KeepsItsErrorForPeek) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  core.Fail("q", core.Take("q"), "first");
  core.Fail("q", core.Take("q"), "second");
  const auto peeked = core.Must<PeekResult>(Peek{"q", 1}).items;
  ASSERT_EQ(peeked.size(), 1u);
  EXPECT_EQ(peeked[0].last_error, "second");
  EXPECT_EQ(peeked[0].attempts, 2u);
}

TEST(DeadlineTest, ReturnsTheItemOfAUnaryGetToTheNextGetter) {
  TestCore core;
  core.Create("q", {.lease = 100ms});
  core.Put("q", {"a"});
  const auto lost = core.Take("q");
  const OperationId waiting = core.Begin(TestCore::GetOf("q"));
  core.Pass(99ms);
  EXPECT_EQ(core.Outcome(waiting), "waits");
  core.Pass(1ms);
  EXPECT_EQ(core.Outcome(waiting), "a");
  EXPECT_EQ(std::get<GetResult>(core.AnswerOf(waiting).result).deliveries.at(0).attempt, 2u);
  EXPECT_EQ(core.TaskDone("q", lost), "LEASE_LOST");
}

TEST(DeadlineTest, IsWhatTheGetAskedForElseTheQueues) {
  TestCore core;
  core.Create("q", {.lease = 100ms});
  core.Put("q", {"a", "b"});
  sluice::Get get = TestCore::GetOf("q");
  EXPECT_EQ(core.Must<GetResult>(get).lease, 100ms);
  get.lease = 250ms;
  EXPECT_EQ(core.Must<GetResult>(get).lease, 250ms);
  core.Pass(100ms);
  EXPECT_EQ(core.Line("q"), "a");
  core.Pass(150ms);
  EXPECT_EQ(core.Line("q"), "a,b");
}

TEST(DeadlineTest, LostTooOftenTheItemIsDead) {
  TestCore core;
  core.Create("q", {.lease = 100ms, .max_attempts = 2});
  core.Put("q", {"a"});
  core.Take("q");
  core.Pass(100ms);
  core.Take("q");
  core.Pass(100ms);
  EXPECT_EQ(core.StatsOf("q").dead, 1u);
  EXPECT_EQ(core.Get("q"), "EMPTY");
}

TEST(ExtendTest, MovesTheDeadlineOfAUnaryLease) {
  TestCore core;
  core.Create("q", {.lease = 100ms});
  core.Put("q", {"a"});
  const auto held = core.Take("q");
  core.Pass(90ms);
  EXPECT_EQ(core.Must<ExtendResult>(Extend{"q", TestCore::FencesOf(held)}).lease, 100ms);
  core.Pass(99ms);
  EXPECT_EQ(core.StatsOf("q").leased, 1u);
  EXPECT_EQ(core.Must<ExtendResult>(Extend{"q", TestCore::FencesOf(held), 5ms}).lease, 5ms);  // also nearer
  core.Pass(5ms);
  EXPECT_EQ(core.Line("q"), "a");
}

TEST(ExtendTest, ChangesNothingForASessionsLease) {
  TestCore core;
  core.Create("q", {.lease = 100ms});
  core.Put("q", {"a"});
  const auto held = core.Take("q", 1, kAnna);
  EXPECT_EQ(core.Must<ExtendResult>(Extend{"q", TestCore::FencesOf(held), 10ms}).lease, 10ms);
  core.Pass(1h);
  EXPECT_EQ(core.StatsOf("q").leased, 1u);
  EXPECT_EQ(core.core.NextDeadline(), std::nullopt);
}

TEST(SessionLeaseTest, LastsAsLongAsTheSession) {
  TestCore core;
  core.Create("q", {.lease = 100ms});
  core.Put("q", {"a"});
  const auto held = core.Take("q", 1, kAnna);
  core.Pass(24h);
  core.Suspend(kAnna);
  core.Pass(24h);
  EXPECT_EQ(core.StatsOf("q").leased, 1u);
  core.Resume(kAnna);
  EXPECT_EQ(core.TaskDone("q", held), "ok");
}

TEST(SessionLeaseTest, AllItemsReturnToTheirPlacesWhenItEnds) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a", "b", "c"});
  const auto held = core.Take("q", 2, kAnna);
  core.Take("q", 1, kBert);
  core.End(kAnna);
  EXPECT_EQ(core.Line("q"), "a,b");
  EXPECT_EQ(core.TaskDone("q", held), "LEASE_LOST");
  EXPECT_EQ(core.Take("q").at(0).attempt, 2u);
}

// A task that kills its worker must not kill workers for ever.
TEST(SessionLeaseTest, APoisonItemIsDeadWhenItsAttemptsAreUsedUp) {
  TestCore core;
  core.Create("q", {.max_attempts = 2});
  core.Put("q", {"poison"});
  core.Take("q", 1, kAnna);
  core.End(kAnna);
  core.Take("q", 1, kBert);
  const OperationId join = core.Begin(Join{{"q"}, kForever, false});
  core.End(kBert);
  EXPECT_EQ(core.StatsOf("q").dead, 1u);
  EXPECT_EQ(core.Outcome(join), "ok");
}

TEST(SessionLeaseTest, AutoAckDeliveriesOnTheWayReturnToo) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  sluice::Get pop = TestCore::GetOf("q");
  pop.auto_ack = true;
  const auto result = core.Must<GetResult>(pop, kAnna);
  core.End(kAnna);
  EXPECT_EQ(core.Line("q"), "a");
  core.Delivered(result.deliveries);
  EXPECT_EQ(core.Line("q"), "a");
}

}  // namespace
}  // namespace sluice::queue
