// join: all is done, in all queues, at one instant.
#include "tests/unit/server/queue/test_core.h"

namespace sluice::queue {
namespace {

sluice::Join JoinOf(std::vector<std::string> queues, WaitTime timeout = kForever, bool only_put_before = false) {
  return {std::move(queues), timeout, only_put_before};
}

TEST(JoinTest, IsDoneAtOnceWhenNothingIsUnfinished) {
  TestCore core;
  core.Create("q");
  EXPECT_EQ(core.Do(JoinOf({"q"})), "ok");
  EXPECT_EQ(core.Do(JoinOf({"q"}, kNoWait)), "ok");
}

TEST(JoinTest, NeedsEveryQueueToExist) {
  TestCore core;
  core.Create("q");
  EXPECT_EQ(core.Do(JoinOf({"q", "none"})), "QUEUE_NOT_FOUND");
}

TEST(JoinTest, WaitsForReadyAndLeasedItemsAndCountsHowTheyEnded) {
  TestCore core;
  core.Create("q", {.max_attempts = 1});
  core.Put("q", {"done", "dead", "discarded"});
  const OperationId join = core.Begin(JoinOf({"q"}));
  core.TaskDone("q", core.Take("q"));
  core.Fail("q", core.Take("q"));
  EXPECT_EQ(core.Outcome(join), "waits");
  EXPECT_EQ(core.StatsOf("q").waiting_joiners, 1u);
  EXPECT_EQ(core.Do(PurgeQueue{"q"}), "ok");
  const auto& counts = std::get<JoinResult>(core.AnswerOf(join).result).queues;
  ASSERT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts[0], (QueueCounts{"q", 1, 1, 0, 1}));
}

TEST(JoinTest, TimesOut) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  EXPECT_EQ(core.Do(JoinOf({"q"}, kNoWait)), "TIMEOUT");
  EXPECT_EQ(core.Do(JoinOf({"q"}), {}, /*may_wait=*/false), "LIMIT_REACHED");
  const OperationId join = core.Begin(JoinOf({"q"}, 10ms));
  core.Pass(9ms);
  EXPECT_EQ(core.Outcome(join), "waits");
  core.Pass(1ms);
  EXPECT_EQ(core.Outcome(join), "TIMEOUT");
}

// A crash puts work back; it never counts it as done.
TEST(JoinTest, IsNotFooledByAWorkerThatDies) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  const SessionId worker{1};
  core.Take("q", 1, worker);
  const OperationId join = core.Begin(JoinOf({"q"}));
  core.End(worker);
  EXPECT_EQ(core.Outcome(join), "waits");
  core.TaskDone("q", core.Take("q"));
  EXPECT_EQ(core.Outcome(join), "ok");
}

TEST(JoinTest, OverSeveralQueuesNeedsOneInstantAtWhichAllAreFinished) {
  TestCore core;
  core.Create("a");
  core.Create("b");
  core.Put("a", {"1"});
  const OperationId join = core.Begin(JoinOf({"a", "b"}));
  const auto first = core.Take("a");
  core.Put("b", {"2"});  // as a stage of a pipeline does: the next one is fed before this one is done
  core.TaskDone("a", first);
  EXPECT_EQ(core.Outcome(join), "waits");  // a is finished, b is not
  core.Put("a", {"3"});
  core.TaskDone("b", core.Take("b"));
  EXPECT_EQ(core.Outcome(join), "waits");  // b is finished, a is not: each was, but never both
  core.TaskDone("a", core.Take("a"));
  EXPECT_EQ(core.Outcome(join), "ok");
}

TEST(JoinTest, AnswersTheQueuesInTheOrderOfTheRequest) {
  TestCore core;
  core.Create("a");
  core.Create("b");
  const auto counts = core.Must<JoinResult>(JoinOf({"b", "a"})).queues;
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[0].queue, "b");
  EXPECT_EQ(counts[1].queue, "a");
}

TEST(JoinTest, ABlockedPutDoesNotHideTheInstant) {
  TestCore core;
  core.Create("q", {.maxsize = 1});
  core.Put("q", {"a"});
  const OperationId put = core.Begin(TestCore::PutOf("q", {"b"}));
  const OperationId join = core.Begin(JoinOf({"q"}));
  EXPECT_EQ(core.Do(PurgeQueue{"q"}), "ok");
  EXPECT_EQ(core.Outcome(join), "ok");
  EXPECT_EQ(core.Outcome(put), "ok");
}

TEST(JoinTest, ABlockedPutDoesNotSlipBetweenTheItemsOfABatch) {
  TestCore core;
  core.Create("q", {.maxsize = 2, .count_leased = true});
  core.Put("q", {"a", "b"});
  sluice::Get pop = TestCore::GetOf("q", kNoWait, 2);
  pop.auto_ack = true;
  const auto popped = core.Must<GetResult>(pop).deliveries;
  const OperationId put = core.Begin(TestCore::PutOf("q", {"c"}));
  const OperationId join = core.Begin(JoinOf({"q"}));
  core.Delivered(popped);
  EXPECT_EQ(core.Outcome(join), "ok");
  EXPECT_EQ(core.Outcome(put), "ok");
}

TEST(JoinOnlyPutBeforeTest, IgnoresWhatIsPutAfterTheCall) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  const OperationId before = core.Begin(JoinOf({"q"}, kForever, true));
  const OperationId all = core.Begin(JoinOf({"q"}));
  core.Put("q", {"b"});
  const auto a = core.Take("q");
  const auto b = core.Take("q");
  core.TaskDone("q", b);
  EXPECT_EQ(core.Outcome(before), "waits");
  core.Release("q", a);  // it is the same item when it is back
  EXPECT_EQ(core.Outcome(before), "waits");
  core.Put("q", {"c"});
  core.TaskDone("q", core.Take("q"));
  EXPECT_EQ(core.Outcome(before), "ok");
  EXPECT_EQ(core.Outcome(all), "waits");
}

TEST(JoinOnlyPutBeforeTest, IgnoresAPutThatWaitsForRoom) {
  TestCore core;
  core.Create("q", {.maxsize = 1});
  core.Put("q", {"a"});
  core.Begin(TestCore::PutOf("q", {"b"}));
  const OperationId join = core.Begin(JoinOf({"q"}, kForever, true));
  core.TaskDone("q", core.Take("q"));
  EXPECT_EQ(core.Outcome(join), "ok");
  EXPECT_EQ(core.Line("q"), "b");
}

TEST(JoinOnlyPutBeforeTest, SpansQueues) {
  TestCore core;
  core.Create("a");
  core.Create("b");
  core.Put("a", {"1"});
  core.Put("b", {"2"});
  const OperationId join = core.Begin(JoinOf({"a", "b"}, kForever, true));
  core.Put("a", {"3"});
  core.TaskDone("a", core.Take("a"));
  EXPECT_EQ(core.Outcome(join), "waits");
  core.TaskDone("b", core.Take("b"));
  EXPECT_EQ(core.Outcome(join), "ok");
}

TEST(JoinOnlyPutBeforeTest, CountsAStepWhole) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  const OperationId join = core.Begin(JoinOf({"q"}, kForever, true));
  core.Put("q", {"b", "c"});
  EXPECT_EQ(core.Do(PurgeQueue{"q"}), "ok");
  EXPECT_EQ(std::get<JoinResult>(core.AnswerOf(join).result).queues.at(0).discarded, 3u);
}

}  // namespace
}  // namespace sluice::queue
