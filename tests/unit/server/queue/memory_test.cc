// The server's memory: shared by all namespaces, exact to the byte, never exceeded.
#include "common/limits.h"
#include "tests/unit/server/queue/test_core.h"

namespace sluice::queue {
namespace {

constexpr std::size_t kItem = limits::kItemOverheadBytes + 1;  // the charge of a payload of one byte

// Room for so many one-byte items; as many puts may wait as fit a quarter of it.
constexpr std::size_t RoomFor(std::size_t items) { return items * kItem; }

TEST(MemoryTest, ChargesPayloadContentTypeHeadersAndOverhead) {
  TestCore core;
  core.Create("q");
  sluice::Put put{"q", {}, kNoWait, {}};
  put.items.push_back(std::make_shared<const Content>(Content{Bytes("12345"), "a/b", {{"key", "value"}}, 0}));
  EXPECT_EQ(core.Do(put), "ok");
  EXPECT_EQ(core.budget.used(), 5 + 3 + 8 + limits::kItemOverheadBytes);
  EXPECT_EQ(core.StatsOf("q").ready_bytes, 5u);
}

TEST(MemoryTest, OfAnItemIsHeldUntilTheItemIsFinishedHoweverThatHappens) {
  TestCore core;
  core.Create("q", {.max_attempts = 1});
  core.Put("q", {"a", "b", "c", "d", "e"});
  const auto done = core.Take("q");
  const auto dead = core.Take("q");
  EXPECT_EQ(core.budget.used(), 5 * kItem);
  core.TaskDone("q", done);
  EXPECT_EQ(core.budget.used(), 4 * kItem);
  EXPECT_TRUE(core.memory_freed());
  core.Fail("q", dead);
  EXPECT_EQ(core.budget.used(), 3 * kItem);
  core.Take("q");
  core.Do(PurgeQueue{"q"});
  EXPECT_EQ(core.budget.used(), 1 * kItem);
  core.Put("q", {"f"});
  core.Do(DeleteQueue{"q"});
  EXPECT_EQ(core.budget.used(), 0u);
  EXPECT_TRUE(core.memory_freed());
}

TEST(MemoryTest, OfAFailuresTextIsChargedAndWithoutMemoryTheTextIsDropped) {
  TestCore core(RoomFor(1) + 10);
  core.Create("q");
  core.Put("q", {"a"});
  const auto error_of = [&core] { return core.Must<PeekResult>(Peek{"q", 1}).items.at(0).last_error; };
  core.Fail("q", core.Take("q"), "0123456789");
  EXPECT_EQ(core.budget.used(), RoomFor(1) + 10);
  core.Fail("q", core.Take("q"), "short");  // in the place of the first
  EXPECT_TRUE(core.memory_freed());
  EXPECT_EQ(error_of(), "short");
  EXPECT_EQ(core.budget.used(), RoomFor(1) + 5);
  core.Fail("q", core.Take("q"), "too long for the server");
  EXPECT_EQ(error_of(), "");
  core.Fail("q", core.Take("q"), "short");
  core.TaskDone("q", core.Take("q"));
  EXPECT_EQ(core.budget.used(), 0u);
}

TEST(MemoryTest, IsGivenBackWithTheNamespace) {
  MemoryBudget budget(RoomFor(8));
  {
    Namespace core("test", {10}, budget);
    Effects effects;
    core.Apply({1}, {}, CreateQueue{"q", {.maxsize = 1}}, TimePoint(), true, effects);
    core.Apply({2}, {}, TestCore::PutOf("q", {"a"}), TimePoint(), true, effects);
    core.Apply({3}, {}, TestCore::PutOf("q", {"b"}), TimePoint(), true, effects);
    EXPECT_EQ(budget.used(), kItem);
    EXPECT_EQ(budget.parked(), kItem);
  }
  EXPECT_EQ(budget.used(), 0u);
  EXPECT_EQ(budget.parked(), 0u);
}

TEST(MemoryTest, AFullServerIsFullAndBlocksPutsLikeAFullQueue) {
  TestCore core(RoomFor(4));
  core.Create("q");
  core.Put("q", {"a", "b", "c", "d"});
  EXPECT_EQ(core.Put("q", {"e"}), "FULL");
  const OperationId waiting = core.Begin(TestCore::PutOf("q", {"e"}));
  EXPECT_EQ(core.Outcome(waiting), "waits");
  EXPECT_TRUE(core.core.WaitsForMemory());
  const auto held = core.Take("q");
  EXPECT_EQ(core.Outcome(waiting), "waits");  // a leased item still takes memory
  core.TaskDone("q", held);
  EXPECT_EQ(core.Outcome(waiting), "ok");
  EXPECT_FALSE(core.core.WaitsForMemory());
  EXPECT_EQ(core.budget.parked(), 0u);
}

TEST(MemoryTest, ThatOneQueueFreesServesThePutThatWaitsAtAnother) {
  TestCore core(RoomFor(4));
  core.Create("a");
  core.Create("b");
  core.Put("a", {"1", "2", "3", "4"});
  const OperationId waiting = core.Begin(TestCore::PutOf("b", {"5"}));
  core.Do(PurgeQueue{"a"});
  EXPECT_EQ(core.Outcome(waiting), "ok");
}

TEST(MemoryTest, GoesToTheLongestWaitFirstNotToTheLowestName) {
  TestCore core(RoomFor(8));
  for (const char* queue : {"full", "a", "z"}) core.Create(queue);
  core.Put("full", {"1", "2", "3", "4", "5", "6", "7", "8"});
  const OperationId first = core.Begin(TestCore::PutOf("z", {"x"}));
  const OperationId second = core.Begin(TestCore::PutOf("a", {"x"}));
  core.TaskDone("full", core.Take("full"));
  EXPECT_EQ(core.Outcome(first), "ok");
  EXPECT_EQ(core.Outcome(second), "waits");
}

TEST(MemoryTest, WaitsHoldUpTheirOwnQueueOnly) {
  TestCore core(RoomFor(8));
  core.Create("q");
  core.Create("other");
  core.Put("q", {"1", "2", "3", "4", "5", "6", "7"});
  const OperationId big = core.Begin(TestCore::PutOf("q", {"8", "9"}));
  EXPECT_EQ(core.Outcome(big), "waits");
  EXPECT_EQ(core.Put("q", {"x"}), "FULL");
  EXPECT_EQ(core.Put("other", {"x"}), "ok");
}

TEST(MemoryTest, ThatAnotherNamespaceFreesIsTakenByRetryMemory) {
  TestCore core(RoomFor(4));
  core.Create("q");
  ASSERT_TRUE(core.budget.TryTake(RoomFor(4)));  // the other namespace
  const OperationId waiting = core.Begin(TestCore::PutOf("q", {"a"}));
  core.RetryMemory();
  EXPECT_EQ(core.Outcome(waiting), "waits");
  core.budget.Give(RoomFor(1));
  core.RetryMemory();
  EXPECT_EQ(core.Outcome(waiting), "ok");
  core.RetryMemory();
}

TEST(MemoryTest, IsFreedForAPutWhoseTimeoutIsDueAtTheSameInstant) {
  TestCore core(RoomFor(4));
  core.Create("dying", {.lease = 10ms, .max_attempts = 1});
  core.Create("q");
  core.Put("dying", {"1", "2", "3", "4"});
  core.Take("dying");
  const OperationId waiting = core.Begin(TestCore::PutOf("q", {"a"}, 10ms));
  core.Pass(10ms);
  EXPECT_EQ(core.Outcome(waiting), "ok");
}

TEST(MemoryTest, OfWaitingPutsIsBoundedToo) {
  TestCore core(RoomFor(8));  // so two puts of one item may wait
  core.Create("q", {.maxsize = 1});
  core.Put("q", {"a"});
  const OperationId first = core.Begin(TestCore::PutOf("q", {"b"}));
  const OperationId second = core.Begin(TestCore::PutOf("q", {"c"}));
  EXPECT_EQ(core.Do(TestCore::PutOf("q", {"d"})), "FULL");
  EXPECT_EQ(core.budget.parked(), 2 * kItem);
  core.Cancel(first);
  EXPECT_EQ(core.budget.parked(), 1 * kItem);
  const OperationId third = core.Begin(TestCore::PutOf("q", {"d"}));
  EXPECT_EQ(core.Outcome(third), "waits");
  core.Get("q");
  EXPECT_EQ(core.Outcome(second), "ok");
  EXPECT_EQ(core.budget.parked(), 1 * kItem);
  EXPECT_EQ(core.budget.used(), 2 * kItem);
}

TEST(MemoryTest, OfAWaitingPutIsGivenBackHoweverItsWaitEnds) {
  TestCore core;
  const SessionId session{1};
  core.Create("q", {.maxsize = 2});
  core.Put("q", {"a", "b"});
  core.Begin(TestCore::PutOf("q", {"timeout"}, 10ms));
  core.Begin(TestCore::PutOf("q", {"session"}), session);
  core.Begin(TestCore::PutOf("q", {"too", "large"}));
  EXPECT_GT(core.budget.parked(), 0u);
  core.Pass(10ms);
  core.End(session);
  core.Update("q", {.maxsize = 1});
  EXPECT_EQ(core.budget.parked(), 0u);
  core.Begin(TestCore::PutOf("q", {"shutdown"}));
  core.Do(Shutdown{"q", false});
  EXPECT_EQ(core.budget.parked(), 0u);
  core.Do(Reopen{"q"});
  core.Begin(TestCore::PutOf("q", {"delete"}));
  core.Do(DeleteQueue{"q"});
  EXPECT_EQ(core.budget.parked(), 0u);
  EXPECT_EQ(core.budget.used(), 0u);
}

}  // namespace
}  // namespace sluice::queue
