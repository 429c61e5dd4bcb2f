// put: bounds, batches, turns.
#include "tests/unit/server/queue/test_core.h"

namespace sluice::queue {
namespace {

TEST(PutTest, IsRefusedWithoutItsQueueAndCreatesItOnRequest) {
  TestCore core;
  EXPECT_EQ(core.Put("q", {"a"}), "QUEUE_NOT_FOUND");
  sluice::Put put = TestCore::PutOf("q", {"a"});
  put.create = QueueSettings{.order = Order::kLifo, .maxsize = 3};
  EXPECT_EQ(core.Do(put), "ok");
  EXPECT_EQ(core.Must<DescribeResult>(DescribeQueue{"q"}).queue.settings, *put.create);
  put.create = QueueSettings{};  // of a queue that is there, settings do not matter
  EXPECT_EQ(core.Do(put), "ok");
  EXPECT_EQ(core.Line("q"), "a,a");
}

TEST(PutTest, GivesAllItemsOfABatchIdsInARowAboveAllBefore) {
  TestCore core;
  core.Create("q");
  core.Create("other");
  const auto first = core.Must<PutResult>(TestCore::PutOf("q", {"a", "b", "c"}));
  const auto second = core.Must<PutResult>(TestCore::PutOf("other", {"d"}));
  EXPECT_EQ(first.count, 3u);
  EXPECT_GE(second.first.value, first.first.value + 3);
  const auto got = core.Take("q", 3);
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(got.at(i).id.value, first.first.value + i);
}

TEST(PutTest, NeverUsesAnIdAgainNotEvenAfterDelete) {
  TestCore core;
  core.Create("q");
  const auto before = core.Must<PutResult>(TestCore::PutOf("q", {"a"})).first;
  EXPECT_EQ(core.Do(DeleteQueue{"q"}), "ok");
  core.Create("q");
  EXPECT_GT(core.Must<PutResult>(TestCore::PutOf("q", {"a"})).first, before);
}

TEST(PutTest, IsFullAtMaxsize) {
  TestCore core;
  core.Create("q", {.maxsize = 2});
  EXPECT_EQ(core.Put("q", {"a", "b"}), "ok");
  EXPECT_TRUE(core.StatsOf("q").full);
  EXPECT_EQ(core.Put("q", {"c"}), "FULL");
  EXPECT_EQ(core.Line("q"), "a,b");
}

TEST(PutTest, IsFullAtMaxBytesOfPayload) {
  TestCore core;
  core.Create("q", {.max_bytes = 4});
  EXPECT_EQ(core.Put("q", {"abc"}), "ok");
  EXPECT_EQ(core.Put("q", {"de"}), "FULL");
  EXPECT_EQ(core.Put("q", {"d"}), "ok");
}

TEST(PutTest, CountsOnlyWhatWaitsUnlessToldToCountLeasedItems) {
  TestCore core;
  core.Create("q", {.maxsize = 1});
  core.Create("strict", {.maxsize = 1, .count_leased = true});
  for (const char* queue : {"q", "strict"}) {
    core.Put(queue, {"a"});
    core.Take(queue);
  }
  EXPECT_EQ(core.Put("q", {"b"}), "ok");
  EXPECT_TRUE(core.StatsOf("strict").full);
  EXPECT_EQ(core.Put("strict", {"b"}), "FULL");
}

TEST(PutTest, OnAStrictQueueEntersWhenTheLeasedItemIsDone) {
  TestCore core;
  core.Create("q", {.maxsize = 1, .count_leased = true});
  core.Put("q", {"a"});
  const auto held = core.Take("q");
  const OperationId waiting = core.Begin(TestCore::PutOf("q", {"b"}));
  EXPECT_EQ(core.Release("q", held), "ok");
  const auto again = core.Take("q");
  EXPECT_EQ(core.Outcome(waiting), "waits");
  EXPECT_EQ(core.TaskDone("q", again), "ok");
  EXPECT_EQ(core.Outcome(waiting), "ok");
}

TEST(PutTest, IsTooLargeWhenItCanNeverFit) {
  TestCore core(/*memory_bytes=*/4'000);
  core.Create("q", {.maxsize = 2, .max_bytes = 100});
  EXPECT_EQ(core.Do(TestCore::PutOf("q", {"a", "b", "c"})), "TOO_LARGE");
  EXPECT_EQ(core.Do(TestCore::PutOf("q", {std::string(101, 'x')})), "TOO_LARGE");
  core.Create("free");
  EXPECT_EQ(core.Do(TestCore::PutOf("free", {std::string(4'001, 'x')})), "TOO_LARGE");
  EXPECT_EQ(core.budget.used(), 0u);
}

TEST(PutTest, AddsABatchWholeOrNotAtAll) {
  TestCore core;
  core.Create("q", {.maxsize = 3});
  core.Put("q", {"a", "b"});
  EXPECT_EQ(core.Put("q", {"c", "d"}), "FULL");
  EXPECT_EQ(core.Line("q"), "a,b");
  const OperationId batch = core.Begin(TestCore::PutOf("q", {"c", "d"}));
  EXPECT_EQ(core.Outcome(batch), "waits");
  EXPECT_EQ(core.Line("q"), "a,b");
  core.Take("q");
  EXPECT_EQ(core.Outcome(batch), "ok");
  EXPECT_EQ(core.Line("q"), "b,c,d");
}

TEST(PutTest, ThatIsSmallNeverOvertakesABigOneThatWaits) {
  TestCore core;
  core.Create("q", {.maxsize = 3});
  core.Put("q", {"a", "b"});
  const OperationId big = core.Begin(TestCore::PutOf("q", {"c", "d", "e"}));
  const OperationId small = core.Begin(TestCore::PutOf("q", {"f"}));
  EXPECT_EQ(core.Put("q", {"g"}), "FULL");
  EXPECT_EQ(core.Outcome(small), "waits");
  core.Take("q");
  EXPECT_EQ(core.Outcome(big), "waits");
  EXPECT_EQ(core.Outcome(small), "waits");
  core.Take("q");
  EXPECT_EQ(core.Outcome(big), "ok");
  EXPECT_EQ(core.Outcome(small), "waits");
  core.Take("q");
  EXPECT_EQ(core.Outcome(small), "ok");
  EXPECT_EQ(core.Line("q"), "d,e,f");
}

TEST(PutTest, BehindABigOneEntersWhenTheBigOneGivesUp) {
  TestCore core;
  core.Create("q", {.maxsize = 2});
  core.Put("q", {"a"});
  const OperationId timed = core.Begin(TestCore::PutOf("q", {"b", "c"}, 10ms));
  const OperationId cancelled = core.Begin(TestCore::PutOf("q", {"d", "e"}));
  const OperationId small = core.Begin(TestCore::PutOf("q", {"f"}, 10ms));
  core.Cancel(cancelled);
  EXPECT_EQ(core.Outcome(small), "waits");
  core.Pass(10ms);  // both timeouts are due; the first one's end is the second one's turn
  EXPECT_EQ(core.Outcome(timed), "FULL");
  EXPECT_EQ(core.Outcome(small), "ok");
  EXPECT_EQ(core.Outcome(cancelled), "CANCELLED");
}

TEST(PutTest, MayBeForbiddenToWait) {
  TestCore core;
  core.Create("q", {.maxsize = 1});
  EXPECT_EQ(core.Do(TestCore::PutOf("q", {"a"}), {}, /*may_wait=*/false), "ok");
  EXPECT_EQ(core.Do(TestCore::PutOf("q", {"b"}), {}, /*may_wait=*/false), "LIMIT_REACHED");
  EXPECT_EQ(core.Do(TestCore::PutOf("q", {"b"}, kNoWait), {}, /*may_wait=*/false), "FULL");
  EXPECT_EQ(core.core.waiter_count(), 0u);
}

TEST(PutTest, WhichWaitsTakesItsPlaceAndTimeWhenItEnters) {
  TestCore core;
  core.Create("q", {.maxsize = 1});
  core.Put("q", {"a"});
  core.Begin(TestCore::PutOf("q", {"b"}));
  core.Pass(5ms);
  core.Take("q");
  EXPECT_EQ(core.Take("q").at(0).put_time, core.now);
}

TEST(ResizeTest, ShrinkingEvictsNothingAndPutsWaitUntilTheQueueIsBelow) {
  TestCore core;
  core.Create("q", {.maxsize = 3});
  core.Put("q", {"a", "b", "c"});
  EXPECT_EQ(core.Update("q", {.maxsize = 1}), "ok");
  EXPECT_EQ(core.Line("q"), "a,b,c");
  const OperationId waiting = core.Begin(TestCore::PutOf("q", {"d"}));
  EXPECT_EQ(core.Get("q", 2), "a,b");
  EXPECT_EQ(core.Outcome(waiting), "waits");
  EXPECT_EQ(core.Get("q"), "c");
  EXPECT_EQ(core.Outcome(waiting), "ok");
}

TEST(ResizeTest, ShrinkingRefusesABatchThatCanNeverFitNowAndLetsTheNextOneIn) {
  TestCore core;
  core.Create("q", {.maxsize = 3});
  core.Put("q", {"a"});
  const OperationId batch = core.Begin(TestCore::PutOf("q", {"b", "c", "d"}));
  const OperationId single = core.Begin(TestCore::PutOf("q", {"e"}));
  EXPECT_EQ(core.Outcome(single), "waits");
  EXPECT_EQ(core.Update("q", {.maxsize = 2}), "ok");
  EXPECT_EQ(core.Outcome(batch), "TOO_LARGE");
  EXPECT_EQ(core.Outcome(single), "ok");
  EXPECT_EQ(core.Line("q"), "a,e");
}

TEST(ResizeTest, GrowingServesTheWaitingAtOnceInTheirOrder) {
  TestCore core;
  core.Create("q", {.maxsize = 1});
  core.Put("q", {"a"});
  core.Begin(TestCore::PutOf("q", {"b"}));
  core.Begin(TestCore::PutOf("q", {"c"}));
  const OperationId last = core.Begin(TestCore::PutOf("q", {"d"}));
  EXPECT_EQ(core.Update("q", {.maxsize = 3}), "ok");
  EXPECT_EQ(core.Line("q"), "a,b,c");
  EXPECT_EQ(core.Update("q", {.maxsize = 0}), "ok");
  EXPECT_EQ(core.Outcome(last), "ok");
}

TEST(ResizeTest, NoLongerCountingLeasedItemsMakesRoom) {
  TestCore core;
  core.Create("q", {.maxsize = 1, .count_leased = true});
  core.Put("q", {"a"});
  core.Take("q");
  const OperationId waiting = core.Begin(TestCore::PutOf("q", {"b"}));
  EXPECT_EQ(core.Update("q", {.count_leased = false}), "ok");
  EXPECT_EQ(core.Outcome(waiting), "ok");
}

TEST(BoundTest, WhatComesBackIgnoresIt) {
  TestCore core;
  core.Create("q", {.maxsize = 1});
  core.Put("q", {"a"});
  const auto held = core.Take("q");
  core.Put("q", {"b"});
  EXPECT_EQ(core.Release("q", held), "ok");
  EXPECT_EQ(core.Line("q"), "a,b");
  EXPECT_EQ(core.Put("q", {"c"}), "FULL");
}

}  // namespace
}  // namespace sluice::queue
