// A session that is away keeps its turn but holds nobody up; one that has ended leaves nothing behind.
#include "tests/unit/server/queue/test_core.h"

namespace sluice::queue {
namespace {

constexpr SessionId kAway{1};
constexpr SessionId kHere{2};

TEST(SuspendedSessionTest, ItsGetIsPassedOverAndKeepsItsPlace) {
  TestCore core;
  core.Create("q");
  const OperationId away = core.Begin(TestCore::GetOf("q"), kAway);
  const OperationId here = core.Begin(TestCore::GetOf("q"), kHere);
  const OperationId later = core.Begin(TestCore::GetOf("q"), kHere);
  core.Suspend(kAway);
  core.Put("q", {"a"});
  EXPECT_EQ(core.Outcome(here), "a");
  EXPECT_EQ(core.Outcome(away), "waits");
  core.Resume(kAway);
  core.Put("q", {"b"});
  EXPECT_EQ(core.Outcome(away), "b");
  EXPECT_EQ(core.Outcome(later), "waits");
}

TEST(SuspendedSessionTest, WhatCameMeanwhileIsItsWhenItIsBack) {
  TestCore core;
  core.Create("q");
  const OperationId away = core.Begin(TestCore::GetOf("q"), kAway);
  core.Suspend(kAway);
  core.Put("q", {"a"});
  EXPECT_EQ(core.Line("q"), "a");
  core.Resume(kAway);
  EXPECT_EQ(core.Outcome(away), "a");
}

TEST(SuspendedSessionTest, ANewGetIsServedPastIt) {
  TestCore core;
  core.Create("q");
  core.Begin(TestCore::GetOf("q"), kAway);
  core.Suspend(kAway);
  core.Put("q", {"a"});
  EXPECT_EQ(core.Get("q"), "a");
}

TEST(SuspendedSessionTest, ItsPutHoldsNobodyUp) {
  TestCore core;
  core.Create("q", {.maxsize = 2});
  core.Put("q", {"a"});
  const OperationId big = core.Begin(TestCore::PutOf("q", {"b", "c"}), kAway);
  const OperationId small = core.Begin(TestCore::PutOf("q", {"d"}), kHere);
  EXPECT_EQ(core.Outcome(small), "waits");
  core.Suspend(kAway);
  EXPECT_EQ(core.Outcome(small), "ok");
  EXPECT_EQ(core.Get("q", 2), "a,d");
  EXPECT_EQ(core.Outcome(big), "waits");
  core.Resume(kAway);
  EXPECT_EQ(core.Outcome(big), "ok");
  EXPECT_EQ(core.Line("q"), "b,c");
}

TEST(SuspendedSessionTest, ItsPutIsFirstAgainWhenItIsBack) {
  TestCore core;
  core.Create("q", {.maxsize = 1});
  core.Put("q", {"a"});
  const OperationId away = core.Begin(TestCore::PutOf("q", {"b"}), kAway);
  const OperationId here = core.Begin(TestCore::PutOf("q", {"c"}), kHere);
  core.Suspend(kAway);
  core.Resume(kAway);
  core.Get("q");
  EXPECT_EQ(core.Outcome(away), "ok");
  EXPECT_EQ(core.Outcome(here), "waits");
}

TEST(SuspendedSessionTest, ItsJoinGoesOn) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  const OperationId join = core.Begin(Join{{"q"}, kForever, false}, kAway);
  core.Suspend(kAway);
  core.TaskDone("q", core.Take("q"));
  EXPECT_EQ(core.Outcome(join), "ok");
}

TEST(SuspendedSessionTest, ItsWaitersStillTimeOutAndAreCounted) {
  TestCore core;
  core.Create("q");
  const OperationId get = core.Begin(TestCore::GetOf("q", 10ms), kAway);
  core.Suspend(kAway);
  EXPECT_EQ(core.StatsOf("q").waiting_getters, 1u);
  core.Pass(10ms);
  EXPECT_EQ(core.Outcome(get), "EMPTY");
}

TEST(SuspendedSessionTest, ItsWaitersAreReleasedByShutdown) {
  TestCore core;
  core.Create("q");
  const OperationId get = core.Begin(TestCore::GetOf("q"), kAway);
  core.Suspend(kAway);
  core.Do(Shutdown{"q", false});
  EXPECT_EQ(core.Outcome(get), "SHUT_DOWN");
}

TEST(SuspendedSessionTest, SuspendAndResumeAreIdempotent) {
  TestCore core;
  core.Create("q");
  const OperationId get = core.Begin(TestCore::GetOf("q"), kAway);
  core.Suspend(kAway);
  core.Suspend(kAway);
  core.Resume(kAway);
  core.Resume(kAway);
  core.Resume(kHere);  // never heard of
  core.Put("q", {"a"});
  EXPECT_EQ(core.Outcome(get), "a");
}

TEST(EndedSessionTest, ItsWaitersAreAnsweredAndTheirTurnsPassOn) {
  TestCore core;
  core.Create("q", {.maxsize = 2});
  core.Put("q", {"a"});
  const OperationId big = core.Begin(TestCore::PutOf("q", {"b", "c"}), kAway);
  const OperationId join = core.Begin(Join{{"q"}, kForever, false}, kAway);
  const OperationId small = core.Begin(TestCore::PutOf("q", {"d"}), kHere);
  core.End(kAway);
  EXPECT_EQ(core.Outcome(big), "SESSION_LOST");
  EXPECT_EQ(core.Outcome(join), "SESSION_LOST");
  EXPECT_EQ(core.Outcome(small), "ok");
}

// Held and waiting at once: the item must not go to the getter that dies with it.
TEST(EndedSessionTest, WhatItHeldGoesToOthersNotToItsOwnWaiters) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a"});
  core.Take("q", 1, kAway);
  const OperationId own = core.Begin(TestCore::GetOf("q"), kAway);
  const OperationId other = core.Begin(TestCore::GetOf("q"), kHere);
  core.End(kAway);
  EXPECT_EQ(core.Outcome(own), "SESSION_LOST");
  EXPECT_EQ(core.Outcome(other), "a");
}

TEST(EndedSessionTest, ReturnsItemsTogetherSoThatTheNextGetterGetsThemInOrder) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a", "b", "c"});
  const auto first = core.Take("q", 1, kAway);
  core.Take("q", 2, kAway);
  core.Release("q", first);
  core.Take("q", 1, kAway);  // a again: its fence is the newest, its place the first
  const OperationId waiting = core.Begin(TestCore::GetOf("q", kForever, 3), kHere);
  core.End(kAway);
  EXPECT_EQ(core.Outcome(waiting), "a,b,c");
}

TEST(EndedSessionTest, OfManyQueuesLeavesNothingBehind) {
  TestCore core;
  for (const char* queue : {"x", "y", "z"}) {
    core.Create(queue);
    core.Put(queue, {"a"});
    core.Take(queue, 1, kAway);
    core.Begin(TestCore::GetOf(queue), kAway);
  }
  core.Suspend(kAway);
  core.End(kAway);
  core.End(kAway);
  EXPECT_EQ(core.core.waiter_count(), 0u);
  for (const char* queue : {"x", "y", "z"}) EXPECT_EQ(core.Line(queue), "a");
}

}  // namespace
}  // namespace sluice::queue
