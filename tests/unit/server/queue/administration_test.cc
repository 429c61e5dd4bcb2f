// Queues as things: create, update, delete, list, purge, peek, and what stats tell.
#include <limits>

#include "tests/unit/server/queue/test_core.h"

namespace sluice::queue {
namespace {

TEST(CreateTest, IsIdempotentWithEqualSettings) {
  TestCore core;
  const QueueSettings settings{.order = Order::kLifo, .maxsize = 5};
  EXPECT_TRUE(core.Must<CreateResult>(CreateQueue{"q", settings}).created);
  EXPECT_FALSE(core.Must<CreateResult>(CreateQueue{"q", settings}).created);
}

TEST(CreateTest, WithOtherSettingsNamesThoseThatDiffer) {
  TestCore core;
  core.Create("q", {.maxsize = 5, .lease = 1'000ms});
  const OperationId op = core.Begin(CreateQueue{"q", {.order = Order::kPriority, .maxsize = 7, .lease = 1'000ms}});
  EXPECT_EQ(core.Outcome(op), "QUEUE_EXISTS");
  const std::string& message = core.AnswerOf(op).message;
  for (const char* part : {"order", "fifo", "priority", "maxsize", "5", "7"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
  EXPECT_EQ(message.find("lease"), std::string::npos) << message;
}

TEST(CreateTest, StopsAtTheLimitOfQueues) {
  TestCore core(1u << 20, /*max_queues=*/2);
  core.Create("a");
  core.Create("b");
  EXPECT_EQ(core.Do(CreateQueue{"c", {}}), "LIMIT_REACHED");
  EXPECT_EQ(core.Do(CreateQueue{"a", {}}), "ok");  // it is there
  sluice::Put put = TestCore::PutOf("c", {"x"});
  put.create = QueueSettings{};
  EXPECT_EQ(core.Do(put), "LIMIT_REACHED");
  sluice::Get get = TestCore::GetOf("c");
  get.create = QueueSettings{};
  EXPECT_EQ(core.Do(get), "LIMIT_REACHED");
  core.Do(DeleteQueue{"b"});
  EXPECT_EQ(core.Do(put), "ok");
  EXPECT_EQ(core.core.queue_count(), 2u);
}

TEST(UpdateTest, ChangesWhatIsNamedAndKeepsTheRest) {
  TestCore core;
  const QueueSettings before{.order = Order::kLifo, .maxsize = 5, .max_bytes = 100, .max_attempts = 2};
  core.Create("q", before);
  QueueSettings after = before;
  after.max_bytes = 200;
  after.lease = 7'000ms;
  EXPECT_EQ(core.Must<UpdateResult>(UpdateQueue{"q", {.max_bytes = 200, .lease = 7'000ms}}).settings, after);
  EXPECT_EQ(core.Must<DescribeResult>(DescribeQueue{"q"}).queue.settings, after);
  EXPECT_EQ(core.Update("none", {}), "QUEUE_NOT_FOUND");
}

TEST(UpdateTest, OfMaxAttemptsConcernsTheNextFailure) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  core.Fail("q", core.Take("q"));
  core.Fail("q", core.Take("q"));
  core.Update("q", {.max_attempts = 1});
  EXPECT_EQ(core.Line("q"), "a");
  core.Fail("q", core.Take("q"));
  EXPECT_EQ(core.StatsOf("q").dead, 1u);
}

TEST(DeleteTest, TellsEveryoneWhoWaitsAndTakesLeasedItemsToo) {
  TestCore core;
  core.Create("other");
  core.Create("q", {.maxsize = 1, .paused = true});
  core.Put("q", {"a"});
  core.Update("q", {.paused = false});
  const auto held = core.Take("q");
  core.Update("q", {.paused = true});
  core.Put("q", {"b"});
  const OperationId put = core.Begin(TestCore::PutOf("q", {"c"}));
  const OperationId get = core.Begin(TestCore::GetOf("q"));
  const OperationId join = core.Begin(Join{{"other", "q"}, kForever, false});
  EXPECT_EQ(core.Must<DeleteResult>(DeleteQueue{"q"}).discarded, 2u);
  for (const OperationId op : {put, get, join}) EXPECT_EQ(core.Outcome(op), "QUEUE_DELETED");
  EXPECT_EQ(core.TaskDone("q", held), "QUEUE_NOT_FOUND");
  EXPECT_EQ(core.Do(DeleteQueue{"q"}), "QUEUE_NOT_FOUND");
  EXPECT_EQ(core.core.queue_count(), 1u);
  EXPECT_EQ(core.core.NextDeadline(), std::nullopt);
}

TEST(DeleteTest, ANewQueueOfTheSameNameKnowsNothingOfTheOld) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  const auto held = core.Take("q");
  core.Do(DeleteQueue{"q"});
  core.Create("q", {.order = Order::kLifo});
  EXPECT_EQ(core.TaskDone("q", held), "LEASE_LOST");
  core.Undelivered(held);
  const QueueStats stats = core.StatsOf("q");
  EXPECT_EQ(stats.put, 0u);
  EXPECT_EQ(stats.unfinished, 0u);
}

TEST(PurgeTest, DiscardsWhatIsReadyAndLetsTheWaitingIn) {
  TestCore core;
  core.Create("q", {.maxsize = 2});
  core.Put("q", {"leased"});
  const auto held = core.Take("q");
  core.Put("q", {"a", "b"});
  const OperationId put = core.Begin(TestCore::PutOf("q", {"c"}));
  EXPECT_EQ(core.Must<PurgeResult>(PurgeQueue{"q"}).discarded, 2u);
  EXPECT_EQ(core.Outcome(put), "ok");
  EXPECT_EQ(core.Line("q"), "c");
  EXPECT_EQ(core.TaskDone("q", held), "ok");
  EXPECT_EQ(core.StatsOf("q").discarded, 2u);
}

std::string NamesOf(const ListResult& list) {
  std::string names;
  for (const QueueDescription& queue : list.queues) names += queue.queue + " ";
  return names + (list.more ? "more" : "");
}

TEST(ListTest, IsByNameWithPrefixAndPages) {
  TestCore core;
  for (const char* name : {"b2", "a", "b1", "c", "b10", "b"}) core.Create(name);
  const auto list = [&core](const ListQueues& command) { return NamesOf(core.Must<ListResult>(command)); };
  EXPECT_EQ(list({"", "", 0}), "a b b1 b10 b2 c ");
  EXPECT_EQ(list({"b", "", 0}), "b b1 b10 b2 ");
  EXPECT_EQ(list({"b", "", 2}), "b b1 more");
  EXPECT_EQ(list({"b", "b1", 2}), "b10 b2 ");
  EXPECT_EQ(list({"b", "zzz", 2}), "");
  EXPECT_EQ(list({"none", "", 0}), "");
  EXPECT_EQ(list({"", "b10x", 1}), "b2 more");
}

TEST(PeekTest, ShowsWhatComesNextWithoutTakingItAlsoWhenPaused) {
  TestCore core;
  core.Create("q", {.order = Order::kLifo, .paused = true});
  core.Put("q", {"a", "b", "c"});
  const auto items = core.Must<PeekResult>(Peek{"q", 2}).items;
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].content->payload.view(), "c");
  EXPECT_EQ(items[0].attempts, 0u);
  EXPECT_EQ(core.StatsOf("q").ready, 3u);
  EXPECT_EQ(core.StatsOf("q").delivered, 0u);
}

TEST(PeekTest, IsCutLikeAReply) {
  TestCore core;
  core.Create("q");
  for (int i = 0; i < 5; ++i) core.Put("q", {std::string(1u << 20, 'x')});
  EXPECT_EQ(core.Must<PeekResult>(Peek{"q", 10}).items.size(), 4u);
}

TEST(StatsTest, AreAConsistentSnapshot) {
  TestCore core;
  core.Create("q", {.maxsize = 3});
  core.Put("q", {"aaaa"});
  core.Pass(1'500ms);
  core.Put("q", {"bb", "c"});
  core.Begin(TestCore::PutOf("q", {"d"}));
  core.Pass(500ms);
  QueueStats expected;
  expected.ready = expected.unfinished = expected.put = 3;
  expected.ready_bytes = 7;
  expected.waiting_putters = 1;
  expected.oldest_ready_age = 2'000ms;
  expected.empty = false;
  expected.full = true;
  EXPECT_EQ(core.StatsOf("q"), expected);

  core.Take("q");
  expected.leased = expected.delivered = 1;
  expected.leased_bytes = 4;
  expected.ready_bytes = 4;  // bb, c, and d came in
  expected.put = expected.unfinished = 4;
  expected.waiting_putters = 0;
  expected.oldest_ready_age = 500ms;
  EXPECT_EQ(core.StatsOf("q"), expected);
}

TEST(StatsTest, CountEveryDeliveryAndThoseAfterAnItemsFirst) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a", "b"});
  core.Release("q", core.Take("q"));
  core.Fail("q", core.Take("q"));
  core.Take("q", 2);
  const QueueStats stats = core.StatsOf("q");
  EXPECT_EQ(stats.delivered, 4u);
  EXPECT_EQ(stats.redelivered, 2u);
}

TEST(StatsTest, AgeIsByPutTimeAlsoOfAnItemThatCameBack) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"old"});
  const auto held = core.Take("q");
  core.Pass(1'000ms);
  core.Put("q", {"new"});
  EXPECT_EQ(core.StatsOf("q").oldest_ready_age, 0ms);
  core.Release("q", held);
  EXPECT_EQ(core.StatsOf("q").oldest_ready_age, 1'000ms);
}

// Ranges are checked at the wire and in the SDK; the core merely must not break.
TEST(AbsurdTest, NumbersBreakNothing) {
  constexpr auto kHuge = std::chrono::milliseconds::max();
  constexpr auto kTiny = std::chrono::milliseconds::min();
  TestCore core;
  core.Create("huge", {.maxsize = std::numeric_limits<std::int64_t>::max(),
                       .max_bytes = std::numeric_limits<std::int64_t>::max(),
                       .lease = kHuge,
                       .max_attempts = std::numeric_limits<std::int32_t>::max()});
  core.Create("tiny", {.maxsize = std::numeric_limits<std::int64_t>::min(),
                       .max_bytes = -1,
                       .lease = kTiny,
                       .max_attempts = std::numeric_limits<std::int32_t>::min()});
  for (const char* queue : {"huge", "tiny"}) {
    for (const auto lease : {kHuge, kTiny, 0ms, -1ms}) {
      EXPECT_EQ(core.Put(queue, {"a"}), "ok");
      sluice::Get get = TestCore::GetOf(queue, kTiny, std::numeric_limits<std::uint32_t>::max());
      get.lease = lease;
      const auto got = core.Must<GetResult>(get).deliveries;
      EXPECT_EQ(core.Do(Extend{queue, TestCore::FencesOf(got), lease}), "ok");
      EXPECT_EQ(core.TaskDone(queue, got), "ok");
    }
    EXPECT_EQ(core.Do(TestCore::GetOf(queue, kTiny)), "EMPTY");
    const OperationId patient = core.Begin(TestCore::GetOf(queue, kHuge));
    EXPECT_EQ(core.Outcome(patient), "waits");
    core.Cancel(patient);
  }
}

TEST(AbsurdTest, EmptyRequestsBreakNothing) {
  TestCore core;
  core.Create("q");
  core.Create("");
  EXPECT_NE(core.Do(TestCore::PutOf("q", {})), "waits");
  core.Put("q", {"", "a"});
  EXPECT_NE(core.Do(TestCore::GetOf("q", kNoWait, 0)), "waits");
  EXPECT_NE(core.Do(TaskDone{"q", {}}), "waits");
  EXPECT_NE(core.Do(Fail{"q", {Fence{}}, ""}), "waits");
  EXPECT_NE(core.Do(Join{{}, kForever, false}), "waits");
  EXPECT_NE(core.Do(Join{{"", ""}, kForever, true}), "waits");
  core.Do(Peek{"q", 0});
  core.Delivered({});
  core.Undelivered({Delivery{}});
  core.Cancel(OperationId{});
  core.End(SessionId{99});
  EXPECT_EQ(core.core.waiter_count(), 0u);
}

TEST(AbsurdTest, AQueueNamedTwiceIsJoinedOnce) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  const OperationId join = core.Begin(Join{{"q", "q"}, kForever, true});
  EXPECT_EQ(core.StatsOf("q").waiting_joiners, 1u);
  core.TaskDone("q", core.Take("q"));
  EXPECT_EQ(core.Outcome(join), "ok");
}

}  // namespace
}  // namespace sluice::queue
