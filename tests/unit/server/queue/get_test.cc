// get: order, batches, turns, pause, the plain pop.
#include <limits>

#include "common/limits.h"
#include "tests/unit/server/queue/test_core.h"

namespace sluice::queue {
namespace {

TEST(GetTest, IsRefusedWithoutItsQueueAndCreatesItOnRequest) {
  TestCore core;
  EXPECT_EQ(core.Get("q"), "QUEUE_NOT_FOUND");
  sluice::Get get = TestCore::GetOf("q");
  get.create = QueueSettings{};
  const OperationId waiting = core.Begin(get);
  EXPECT_EQ(core.Put("q", {"a"}), "ok");
  EXPECT_EQ(core.Outcome(waiting), "a");
}

TEST(GetTest, FollowsTheOrderOfItsQueue) {
  TestCore core;
  core.Create("fifo", {.order = Order::kFifo});
  core.Create("lifo", {.order = Order::kLifo});
  core.Create("priority", {.order = Order::kPriority});
  for (const char* queue : {"fifo", "lifo"}) {
    core.Put(queue, {"a", "b"});
    core.Put(queue, {"c"});
  }
  core.Put("priority", {"late"}, 7);
  core.Put("priority", {"first"}, -3);
  core.Put("priority", {"a", "b"}, 2);
  EXPECT_EQ(core.Get("fifo", 9), "a,b,c");
  EXPECT_EQ(core.Get("lifo", 9), "c,b,a");
  EXPECT_EQ(core.Get("priority", 9), "first,a,b,late");
}

TEST(GetTest, KnowsPrioritiesToTheEndsOfTheirRange) {
  TestCore core;
  core.Create("q", {.order = Order::kPriority});
  core.Put("q", {"last"}, std::numeric_limits<std::int64_t>::max());
  core.Put("q", {"middle"}, 0);
  core.Put("q", {"first"}, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(core.Get("q", 3), "first,middle,last");
}

TEST(GetTest, TakesWhatIsThereUpToWhatWasAskedFor) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a", "b", "c"});
  EXPECT_EQ(core.Get("q", 2), "a,b");
  EXPECT_EQ(core.Get("q", 2), "c");
  EXPECT_EQ(core.Get("q", 2), "EMPTY");
}

TEST(GetTest, CutsAReplyAtFourMebibytesOfPayload) {
  TestCore core;
  core.Create("q");
  const std::string mebibyte(1u << 20, 'x');
  for (int i = 0; i < 5; ++i) core.Put("q", {mebibyte});
  EXPECT_EQ(core.Take("q", 10).size(), 4u);
  EXPECT_EQ(core.Take("q", 10).size(), 1u);
  core.Put("q", {std::string(limits::kReplyBytes - 1, 'x'), "yy", "z"});
  EXPECT_EQ(core.Take("q", 10).size(), 1u);
  EXPECT_EQ(core.Get("q", 10), "yy,z");
}

// Headers counted as nothing once: a reply could outgrow a message, and its items came again for ever.
TEST(GetTest, CountsHeadersIntoAReply) {
  TestCore core;
  core.Create("q");
  const auto content = std::make_shared<Content>();
  content->headers = {{"trace", std::string(limits::kReplyBytes / 2, 'x')}};
  ASSERT_EQ(core.Do(Put{"q", {content, content, content}, kForever, std::nullopt}), "ok");
  EXPECT_EQ(core.Take("q", 10).size(), 1u);
}

TEST(GetTest, GivesOneItemThoughItIsLargerThanAReply) {
  TestCore core;
  core.Create("q");
  core.Put("q", {std::string(limits::kReplyBytes + 1, 'x'), "a"});
  EXPECT_EQ(core.Take("q", 10).size(), 1u);
  EXPECT_EQ(core.Get("q", 10), "a");
}

TEST(GetTest, CutsAReplyAtTheLimitOfABatch) {
  TestCore core;
  core.Create("q");
  core.Put("q", std::vector<std::string>(limits::kBatchItems, "x"));
  core.Put("q", {"last"});
  EXPECT_EQ(core.Take("q", std::numeric_limits<std::uint32_t>::max()).size(), limits::kBatchItems);
  EXPECT_EQ(core.Get("q"), "last");
}

TEST(GetTest, ThatWaitsIsServedFirstComeFirstServed) {
  TestCore core;
  core.Create("q");
  const OperationId first = core.Begin(TestCore::GetOf("q"));
  const OperationId second = core.Begin(TestCore::GetOf("q"));
  core.Put("q", {"a"});
  EXPECT_EQ(core.Outcome(first), "a");
  EXPECT_EQ(core.Outcome(second), "waits");
  core.Put("q", {"b"});
  EXPECT_EQ(core.Outcome(second), "b");
}

TEST(GetTest, ABatchPutServesAsManyWaitersAsItHasItemsFor) {
  TestCore core;
  core.Create("q");
  const OperationId one = core.Begin(TestCore::GetOf("q"));
  const OperationId two = core.Begin(TestCore::GetOf("q", kForever, 2));
  const OperationId three = core.Begin(TestCore::GetOf("q"));
  core.Put("q", {"a", "b", "c"});
  EXPECT_EQ(core.Outcome(one), "a");
  EXPECT_EQ(core.Outcome(two), "b,c");
  EXPECT_EQ(core.Outcome(three), "waits");
}

TEST(GetTest, IsAnsweredBehindThePutThatItDependsOn) {
  TestCore core;
  core.Create("q");
  const OperationId get = core.Begin(TestCore::GetOf("q"));
  const OperationId put = core.Begin(TestCore::PutOf("q", {"a"}));
  ASSERT_GE(core.answered().size(), 2u);
  EXPECT_EQ(core.answered().back(), get);
  EXPECT_EQ(core.answered().at(core.answered().size() - 2), put);
}

TEST(GetTest, MakesRoomForThePutThatWaitsAndThatFeedsTheNextGet) {
  TestCore core;
  core.Create("q", {.maxsize = 1, .paused = true});
  core.Put("q", {"a"});
  const OperationId put_b = core.Begin(TestCore::PutOf("q", {"b"}));
  const OperationId put_c = core.Begin(TestCore::PutOf("q", {"c"}));
  std::vector<OperationId> gets;
  for (int i = 0; i < 3; ++i) gets.push_back(core.Begin(TestCore::GetOf("q")));
  EXPECT_EQ(core.Update("q", {.paused = false}), "ok");
  EXPECT_EQ(core.Outcome(gets[0]), "a");
  EXPECT_EQ(core.Outcome(gets[1]), "b");
  EXPECT_EQ(core.Outcome(gets[2]), "c");
  EXPECT_EQ(core.Outcome(put_b), "ok");
  EXPECT_EQ(core.Outcome(put_c), "ok");
}

TEST(GetTest, MayBeForbiddenToWait) {
  TestCore core;
  core.Create("q");
  EXPECT_EQ(core.Do(TestCore::GetOf("q"), {}, /*may_wait=*/false), "LIMIT_REACHED");
  EXPECT_EQ(core.Do(TestCore::GetOf("q", kNoWait), {}, /*may_wait=*/false), "EMPTY");
  core.Put("q", {"a"});
  EXPECT_EQ(core.Do(TestCore::GetOf("q"), {}, /*may_wait=*/false), "a");
}

TEST(GetTest, TimesOutAtItsDeadlineAndNotBefore) {
  TestCore core;
  core.Create("q");
  const OperationId get = core.Begin(TestCore::GetOf("q", 10ms));
  ASSERT_TRUE(core.core.NextDeadline());
  EXPECT_LE(*core.core.NextDeadline(), core.now + 10ms);
  core.Pass(9'999us);
  EXPECT_EQ(core.Outcome(get), "waits");
  core.Pass(1us);
  EXPECT_EQ(core.Outcome(get), "EMPTY");
  EXPECT_EQ(core.core.NextDeadline(), std::nullopt);
}

TEST(PauseTest, GetsWaitAndPutsGoOn) {
  TestCore core;
  core.Create("q", {.paused = true});
  EXPECT_EQ(core.Put("q", {"a"}), "ok");
  EXPECT_EQ(core.Get("q"), "EMPTY");
  const OperationId get = core.Begin(TestCore::GetOf("q"));
  EXPECT_EQ(core.Outcome(get), "waits");
  EXPECT_TRUE(core.StatsOf("q").paused);
  core.Update("q", {.paused = false});
  EXPECT_EQ(core.Outcome(get), "a");
}

TEST(PauseTest, WorkThatIsLeasedCanBeFinished) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a", "b"});
  const auto held = core.Take("q");
  core.Update("q", {.paused = true});
  EXPECT_EQ(core.TaskDone("q", held), "ok");
  EXPECT_EQ(core.Line("q"), "b");
}

TEST(AutoAckTest, IsFinishedWhenItHasArrivedAndNotBefore) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  sluice::Get pop = TestCore::GetOf("q");
  pop.auto_ack = true;
  const auto result = core.Must<GetResult>(pop);
  EXPECT_TRUE(result.auto_ack);
  EXPECT_EQ(core.StatsOf("q").leased, 1u);
  core.Pass(24h);  // no deadline
  EXPECT_EQ(core.StatsOf("q").leased, 1u);
  core.Delivered(result.deliveries);
  EXPECT_EQ(core.StatsOf("q").done, 1u);
  EXPECT_EQ(core.StatsOf("q").unfinished, 0u);
  core.Delivered(result.deliveries);  // unknown by now: ignored
  EXPECT_EQ(core.StatsOf("q").done, 1u);
}

TEST(AutoAckTest, ReturnsWhenItDidNotArriveWithTheAttemptNotCounted) {
  TestCore core;
  core.Create("q", {.max_attempts = 1});
  core.Put("q", {"a", "b"});
  sluice::Get pop = TestCore::GetOf("q", kNoWait, 2);
  pop.auto_ack = true;
  const auto result = core.Must<GetResult>(pop);
  core.Undelivered(result.deliveries);
  core.Undelivered(result.deliveries);  // unknown by now: ignored
  EXPECT_EQ(core.Line("q"), "a,b");
  EXPECT_EQ(core.Take("q").at(0).attempt, 1u);
}

TEST(AutoAckTest, CanBeSettledByItsFenceLikeAnyOther) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a", "b"});
  sluice::Get pop = TestCore::GetOf("q");
  pop.auto_ack = true;
  const auto first = core.Must<GetResult>(pop).deliveries;
  const auto second = core.Must<GetResult>(pop).deliveries;
  EXPECT_EQ(core.TaskDone("q", first), "ok");
  EXPECT_EQ(core.Release("q", second), "ok");
  core.Delivered(first);
  core.Delivered(second);
  EXPECT_EQ(core.StatsOf("q").done, 1u);
  EXPECT_EQ(core.Line("q"), "b");
}

TEST(DeliveredTest, FinishesNothingThatWaitsForItsTaskDone) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  const auto held = core.Take("q");
  core.Delivered(held);
  EXPECT_EQ(core.StatsOf("q").leased, 1u);
  EXPECT_EQ(core.TaskDone("q", held), "ok");
}

// Python's Manager queue loses the item here: its client died while it waited in get.
TEST(UndeliveredTest, GivesTheItemToTheNextWhoWaits) {
  TestCore core;
  core.Create("q");
  const OperationId dying = core.Begin(TestCore::GetOf("q"));
  const OperationId next = core.Begin(TestCore::GetOf("q"));
  core.Put("q", {"a"});
  core.Undelivered(std::get<GetResult>(core.AnswerOf(dying).result).deliveries);
  EXPECT_EQ(core.Outcome(next), "a");
  EXPECT_EQ(std::get<GetResult>(core.AnswerOf(next).result).deliveries.at(0).attempt, 1u);
  EXPECT_EQ(core.StatsOf("q").redelivered, 1u);
}

TEST(UndeliveredTest, PutsABatchBackBeforeItServesAnybody) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a", "b"});
  auto held = core.Take("q", 2);
  const OperationId waiting = core.Begin(TestCore::GetOf("q", kForever, 2));
  std::swap(held[0], held[1]);
  core.Undelivered(held);
  EXPECT_EQ(core.Outcome(waiting), "a,b");
}

}  // namespace
}  // namespace sluice::queue
