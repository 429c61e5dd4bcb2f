// Items got in advance, over real connections: bounded, recalled when somebody starves, and never at anybody's cost.
#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <sluice/client.h>

#include "tests/integration/session_client.h"

namespace sluice::test {
namespace {

using Values = std::vector<std::string>;
using ::testing::ElementsAre;

class PrefetchTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    Create("q");
    first_.emplace(TcpAddress());
    second_.emplace(TcpAddress());
  }
  Queue<std::string> First() const { return first_->queue<std::string>("q"); }
  Queue<std::string> Second() const { return second_->queue<std::string>("q"); }
  void WaitForLeased(std::uint64_t leased) {
    WaitForStats("q", [=](const v1::QueueStats& stats) { return stats.leased() == leased; });
  }

  static GetOptions Bounded() { return {.timeout = kPatience}; }
  std::optional<Client> first_;
  std::optional<Client> second_;
};

TEST_F(PrefetchTest, WhoStarvesGetsWhatAnotherHoardsWhileThatOneWorksForLong) {
  First().put_many({"1", "2", "3", "4", "5", "6"});
  const auto hoarder = First().consumer({.prefetch = 8});
  auto long_work = hoarder.get(Bounded());
  WaitForLeased(6);
  Values got;
  for (int i = 0; i < 5; ++i) {
    auto task = Second().get(Bounded());
    EXPECT_EQ(task.attempt(), 1u);
    got.push_back(task.value());
    task.done();
  }
  EXPECT_THAT(got, ElementsAre("2", "3", "4", "5", "6"));
  long_work.done();
  const v1::QueueStats stats = Stats("q");
  EXPECT_EQ(stats.done(), 6u);
  EXPECT_EQ(stats.dead(), 0u);
  EXPECT_EQ(stats.delivered(), 11u) << "five of them twice";
  EXPECT_EQ(stats.redelivered(), 5u);
  EXPECT_EQ(stats.unfinished(), 0u);
}

TEST_F(PrefetchTest, TwoThatLookAheadShareToTheLastItem) {
  constexpr int kTotal = 2'000;
  for (int i = 0; i < kTotal; i += 100) First().put_many(Values(100, "x"));
  First().shutdown();
  const auto drain = [](const Queue<std::string>& queue) {
    const auto consumer = queue.consumer({.prefetch = 50});
    std::uint64_t done = 0;
    try {
      while (true) {
        consumer.get({.timeout = kPatience, .until_finished = true}).done();
        ++done;
      }
    } catch (const ShutDown&) {
      return done;
    }
  };
  auto other = std::async(std::launch::async, drain, Second());
  const std::uint64_t mine = drain(First());
  EXPECT_EQ(mine + other.get(), kTotal);
  EXPECT_EQ(Stats("q").done(), kTotal);
}

TEST_F(PrefetchTest, WithoutItPriorityIsExactAndWithItWhatIsHereComesFirst) {
  Create("urgent", "order: PRIORITY");
  const auto queue = first_->queue<std::string>("urgent");
  const auto consumer = queue.consumer({.prefetch = 1});
  queue.put_many({"here", "in advance", "later"}, {.priority = 5});
  consumer.get(Bounded()).done();
  queue.put("now", {.priority = 1});
  EXPECT_EQ(queue.get(Bounded()).value(), "now");
  EXPECT_EQ(consumer.get(Bounded()).value(), "in advance");
}

TEST_F(PrefetchTest, ShutdownAtOnceTakesBackWhatIsNotBegun) {
  First().put_many({"1", "2", "3"});
  const auto hoarder = First().consumer();
  auto begun = hoarder.get(Bounded());
  WaitForLeased(3);
  Second().shutdown(true);
  WaitForLeased(1);
  EXPECT_EQ(Stats("q").discarded(), 2u);
  begun.done();
  EXPECT_EQ(Second().join({.timeout = kPatience}).done, 1u);
}

TEST_F(PrefetchTest, TheEndOfAConsumerGivesItsItemsToOthers) {
  First().put_many({"1", "2"});
  {
    const auto hoarder = First().consumer();
    hoarder.get(Bounded()).done();
    WaitForLeased(1);
  }
  EXPECT_EQ(Second().get(Bounded()).value(), "2");
}

TEST_F(PrefetchTest, ARecallWaitsForNoAnswer) {
  SessionClient hoarder(NewChannel());
  hoarder.Hello();
  Put("q", "a");
  hoarder.Send("operations { id: 1 get { queue: 'q' max_items: 9 prefetch: AHEAD } }");
  EXPECT_EQ(hoarder.NextAnswer().get().deliveries_size(), 1);
  SessionClient starving(NewChannel());
  starving.Hello();
  starving.Send("operations { id: 1 get { queue: 'q' } }");
  const auto recall = hoarder.Read();
  ASSERT_TRUE(recall.has_value());
  EXPECT_EQ(recall->answers_size(), 0);
  ASSERT_EQ(recall->recalls_size(), 1);
  EXPECT_EQ(recall->recalls(0).queue(), "default/q");
  EXPECT_EQ(recall->recalls(0).last_fence(), 1u);
}

TEST_F(PrefetchTest, AUnaryCallGetsNothingInAdvance) {
  for (const char* prefetch : {"AHEAD", "WANTED"}) {
    const auto outcome =
        Call(*queues_, &v1::QueueService::Stub::Get, std::string("queue: 'q' timeout_ms: 0 prefetch: ") + prefetch);
    EXPECT_EQ(outcome.reason, "INVALID_ARGUMENT") << outcome;
  }
}

}  // namespace
}  // namespace sluice::test
