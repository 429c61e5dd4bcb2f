// Who gets items in advance never has them at the cost of somebody who waits: such a get stands behind all others, and
// what it got is asked back as soon as somebody starves.
#include <string>
#include <vector>

#include "tests/unit/server/queue/test_core.h"

namespace sluice::queue {
namespace {

using Recalls = std::vector<std::string>;

constexpr SessionId kHoarder{1};
constexpr SessionId kStarving{2};
const Recalls kNobody;

sluice::Get GetOf(Prefetch prefetch, std::uint32_t max_items = 10, WaitTime timeout = kForever) {
  sluice::Get get = TestCore::GetOf("q", timeout, max_items);
  get.prefetch = prefetch;
  return get;
}

sluice::Get Ahead(std::uint32_t max_items = 10) { return GetOf(Prefetch::kAhead, max_items); }
sluice::Get Wanted(std::uint32_t max_items = 10) { return GetOf(Prefetch::kWanted, max_items); }

std::vector<Delivery> DeliveriesOf(const TestCore& core, OperationId get) {
  return std::get<GetResult>(core.AnswerOf(get).result).deliveries;
}

TEST(PrefetchTest, AGetAheadIsServedWhenNobodyElseWaits) {
  TestCore core;
  core.Create("q");
  const OperationId ahead = core.Begin(Ahead(2), kHoarder);
  core.Put("q", {"a", "b", "c"});
  EXPECT_EQ(core.Outcome(ahead), "a,b");
  EXPECT_EQ(core.Do(Ahead(2), kHoarder), "c");
}

TEST(PrefetchTest, AGetAheadYieldsToAllThatWaitInEarnestHoweverLateTheyCame) {
  TestCore core;
  core.Create("q");
  const OperationId ahead = core.Begin(Ahead(), kHoarder);
  const OperationId wanted = core.Begin(Wanted(1), kStarving);
  const OperationId plain = core.Begin(TestCore::GetOf("q"), kStarving);
  core.Put("q", {"a"});
  EXPECT_EQ(core.Outcome(wanted), "a");
  core.Put("q", {"b", "c"});
  EXPECT_EQ(core.Outcome(plain), "b");
  EXPECT_EQ(core.Outcome(ahead), "c");
}

TEST(PrefetchTest, AWantedGetStandsInLineAsAnyOther) {
  TestCore core;
  core.Create("q");
  const OperationId first = core.Begin(TestCore::GetOf("q"), kStarving);
  const OperationId wanted = core.Begin(Wanted(1), kHoarder);
  const OperationId last = core.Begin(TestCore::GetOf("q"), kStarving);
  core.Put("q", {"a", "b", "c"});
  EXPECT_EQ(core.Outcome(first), "a");
  EXPECT_EQ(core.Outcome(wanted), "b");
  EXPECT_EQ(core.Outcome(last), "c");
}

TEST(PrefetchTest, ThoseThatWaitShareWhatComesAtOnce) {
  TestCore core;
  core.Create("q");
  const OperationId first = core.Begin(Wanted(), kHoarder);
  const OperationId second = core.Begin(Wanted(), kStarving);
  const OperationId plain = core.Begin(TestCore::GetOf("q"), kStarving);
  core.Put("q", {"a", "b", "c", "d", "e", "f", "g", "h"});
  EXPECT_EQ(core.Outcome(first), "a,b");
  EXPECT_EQ(core.Outcome(second), "c,d,e");
  EXPECT_EQ(core.Outcome(plain), "f");
  EXPECT_EQ(core.TakeRecalls(), Recalls{});
  EXPECT_EQ(core.StatsOf("q").ready, 2u);
}

TEST(PrefetchTest, WhoWaitsInEarnestIsCountedAsAGetterWhoLooksAheadIsNot) {
  TestCore core;
  core.Create("q");
  core.Begin(Ahead(), kHoarder);
  EXPECT_EQ(core.StatsOf("q").waiting_getters, 0u);
  core.Begin(Wanted(), kHoarder);
  EXPECT_EQ(core.StatsOf("q").waiting_getters, 1u);
}

TEST(PrefetchTest, WhatIsHeldInAdvanceIsLeasedAndDelivered) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a", "b"});
  core.Do(Wanted(), kHoarder);
  EXPECT_EQ(core.StatsOf("q").leased, 2u);
  EXPECT_EQ(core.StatsOf("q").delivered, 2u);
}

TEST(RecallTest, WhoHoldsItemsInAdvanceIsToldWhenAnotherStarvesAndTheItemsComeInOrder) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a", "b", "c"});
  const OperationId hoarded = core.Begin(Wanted(), kHoarder);
  EXPECT_EQ(core.TakeRecalls(), kNobody);
  const OperationId starves = core.Begin(TestCore::GetOf("q", kForever, 2), kStarving);
  EXPECT_EQ(core.TakeRecalls(), Recalls{"1:q"});
  std::vector<Delivery> unstarted = DeliveriesOf(core, hoarded);
  unstarted.erase(unstarted.begin());
  EXPECT_EQ(core.Release("q", unstarted), "ok");
  EXPECT_EQ(core.Outcome(starves), "b,c");
  EXPECT_EQ(DeliveriesOf(core, starves).front().attempt, 1u);
}

TEST(RecallTest, AWantedGetStarvesAsAnyOther) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a", "b"});
  core.Do(Wanted(), kHoarder);
  core.Begin(Wanted(), kStarving);
  EXPECT_EQ(core.TakeRecalls(), Recalls{"1:q"});
}

TEST(RecallTest, TheFirstItemOfAWantedGetIsBegunAndNotRecalled) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  core.Do(Wanted(), kHoarder);
  core.Begin(Wanted(), kStarving);
  EXPECT_EQ(core.TakeRecalls(), kNobody);
}

TEST(RecallTest, AGetAheadStarvesNotAndARecalledItemIsBackInItsPlace) {
  TestCore core;
  core.Create("q", {.order = Order::kPriority});
  core.Put("q", {"urgent"}, 1);
  const OperationId held = core.Begin(Ahead(1), kHoarder);
  core.Put("q", {"later"}, 2);
  core.Do(Ahead(1), kHoarder);
  core.Begin(Ahead(), kStarving);
  EXPECT_EQ(core.TakeRecalls(), kNobody);
  core.Suspend(kStarving);
  core.Release("q", DeliveriesOf(core, held));
  EXPECT_EQ(core.Line("q"), "urgent");
}

TEST(RecallTest, EachIsToldOnceUntilItIsGivenMore) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  const OperationId held = core.Begin(Ahead(), kHoarder);
  core.Begin(TestCore::GetOf("q", 10ms), kStarving);
  EXPECT_EQ(core.TakeRecalls(), Recalls{"1:q"});
  core.Begin(TestCore::GetOf("q", 10ms), kStarving);
  core.Pass(10ms);
  core.Begin(TestCore::GetOf("q", 10ms), kStarving);
  EXPECT_EQ(core.TakeRecalls(), kNobody);
  core.Pass(10ms);
  core.Put("q", {"b"});
  core.Do(Ahead(), kHoarder);
  EXPECT_EQ(core.TakeRecalls(), kNobody);
  core.Begin(TestCore::GetOf("q"), kStarving);
  EXPECT_EQ(core.TakeRecalls(), Recalls{"1:q"});
  EXPECT_EQ(core.TaskDone("q", DeliveriesOf(core, held)), "ok");
}

TEST(RecallTest, NothingIsRecalledFromWhoHoldsNothingInAdvance) {
  TestCore core;
  core.Create("q");
  core.Create("other");
  core.Put("q", {"a", "b"});
  core.Put("other", {"c"});
  core.Take("q", 1, kHoarder);
  core.TaskDone("q", DeliveriesOf(core, core.Begin(Ahead(), kHoarder)));
  sluice::Get other = Wanted();
  other.queue = "other";
  core.Do(other, kHoarder);
  core.Begin(TestCore::GetOf("q"), kStarving);
  EXPECT_EQ(core.TakeRecalls(), kNobody);
}

TEST(RecallTest, WithoutPrefetchNothingIsRecalled) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a", "b"});
  core.Take("q", 2, kHoarder);
  core.Begin(TestCore::GetOf("q"), kStarving);
  core.Do(Shutdown{"q", true});
  EXPECT_EQ(core.TakeRecalls(), kNobody);
}

TEST(RecallTest, AtAQueueThatIsPausedNobodyStarvesUntilItGoesOn) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  core.Do(Ahead(), kHoarder);
  core.Update("q", {.paused = true});
  core.Begin(TestCore::GetOf("q"), kStarving);
  EXPECT_EQ(core.TakeRecalls(), kNobody);
  core.Update("q", {.paused = false});
  EXPECT_EQ(core.TakeRecalls(), Recalls{"1:q"});
}

TEST(RecallTest, ShutdownAtOnceRecallsAndWhatComesBackIsDiscarded) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a", "b"});
  const OperationId held = core.Begin(Ahead(), kHoarder);
  core.Do(Shutdown{"q", false});
  EXPECT_EQ(core.TakeRecalls(), kNobody);
  core.Do(Shutdown{"q", true});
  EXPECT_EQ(core.TakeRecalls(), Recalls{"1:q"});
  core.Release("q", DeliveriesOf(core, held));
  EXPECT_EQ(core.StatsOf("q").discarded, 2u);
}

TEST(RecallTest, ShutdownEndsAGetAhead) {
  TestCore core;
  core.Create("q");
  const OperationId ahead = core.Begin(Ahead(), kHoarder);
  core.Do(Shutdown{"q", false});
  EXPECT_EQ(core.Outcome(ahead), "SHUT_DOWN");
}

TEST(RecallTest, DeletingTheQueueEndsAGetAhead) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  core.Do(Ahead(), kHoarder);
  const OperationId ahead = core.Begin(Ahead(), kHoarder);
  core.Do(DeleteQueue{"q"});
  EXPECT_EQ(core.Outcome(ahead), "QUEUE_DELETED");
}

TEST(RecallTest, WhoIsAwayIsToldWhenItIsBack) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  core.Do(Ahead(), kHoarder);
  core.Suspend(kHoarder);
  core.Begin(TestCore::GetOf("q"), kStarving);
  EXPECT_EQ(core.TakeRecalls(), kNobody);
  core.Resume(kHoarder);
  EXPECT_EQ(core.TakeRecalls(), Recalls{"1:q"});
}

TEST(RecallTest, WhoWasToldBeforeItsStreamBrokeIsToldAgain) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  core.Do(Ahead(), kHoarder);
  core.Begin(TestCore::GetOf("q"), kStarving);
  EXPECT_EQ(core.TakeRecalls(), Recalls{"1:q"});
  core.Suspend(kHoarder);
  core.Resume(kHoarder);
  EXPECT_EQ(core.TakeRecalls(), Recalls{"1:q"});
}

TEST(RecallTest, WhoStarvesAndIsAwayRecallsNothing) {
  TestCore core;
  core.Create("q");
  core.Begin(TestCore::GetOf("q"), kStarving);
  core.Suspend(kStarving);
  core.Put("q", {"a"});
  core.Do(Ahead(), kHoarder);
  EXPECT_EQ(core.TakeRecalls(), kNobody);
  core.Resume(kStarving);
  EXPECT_EQ(core.TakeRecalls(), Recalls{"1:q"});
}

TEST(RecallTest, ASessionThatEndsLeavesItsItemsAndNoRecall) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  core.Do(Ahead(), kHoarder);
  core.End(kHoarder);
  EXPECT_EQ(core.Get("q"), "a");
  EXPECT_EQ(core.TakeRecalls(), kNobody);
}

}  // namespace
}  // namespace sluice::queue
