// A consumer that gets in advance, on a broker in this process, with time moved by hand.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sluice/client.h>

#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::Background;
using testing::Eventually;
using testing::ReasonOf;
using Values = std::vector<std::string>;

class ConsumerTest : public ::testing::Test {
 protected:
  Values Payloads() const {
    Values payloads;
    for (const auto& item : queue_.peek(100)) payloads.push_back(item.payload);
    return payloads;
  }
  static Values ValuesOf(const std::vector<Task<std::string>>& tasks) {
    Values values;
    for (const auto& task : tasks) values.push_back(task.value());
    return values;
  }

  ManualClock clock_;
  Client client_ = Client::embedded({.clock = &clock_});
  Queue<std::string> queue_ = client_.queue<std::string>("q", QueueSettings{});
};

TEST_F(ConsumerTest, ItemsComeInTheirOrderEachOnce) {
  queue_.put_many({"a", "b", "c", "d", "e", "f", "g"});
  const auto consumer = queue_.consumer({.prefetch = 2});
  for (const char* value : {"a", "b", "c", "d", "e", "f", "g"}) {
    auto task = consumer.get();
    EXPECT_EQ(task.value(), value);
    EXPECT_EQ(task.attempt(), 1u);
    task.done();
  }
  EXPECT_EQ(queue_.join().done, 7u);
}

TEST_F(ConsumerTest, NeverHoldsMoreThanItMayBesideWhatIsBegun) {
  queue_.put_many(Values(40, "x"));
  const auto consumer = queue_.consumer({.prefetch = 3});
  std::vector<Task<std::string>> begun;
  EXPECT_EQ(queue_.stats().leased, 0u) << "before the first get it asks for nothing";
  for (std::size_t i = 1; i <= 20; ++i) {
    begun.push_back(consumer.get());
    EXPECT_LE(queue_.stats().leased, i + 3);
    EXPECT_GT(queue_.stats().leased, i);
  }
}

TEST_F(ConsumerTest, WhatComesWhileNobodyWaitsIsGotInAdvance) {
  const auto consumer = queue_.consumer({.prefetch = 2});
  queue_.put("a");
  auto a = consumer.get();
  EXPECT_EQ(queue_.stats().waiting_getters, 0u) << "who looks ahead is no waiting getter";
  queue_.put("b");
  EXPECT_EQ(queue_.stats().leased, 2u);
  EXPECT_EQ(consumer.get_nowait().value(), "b");
}

TEST_F(ConsumerTest, AnotherConsumerThatStarvesGetsWhatIsNotBegun) {
  queue_.put_many({"a", "b", "c"});
  const auto hoarder = queue_.consumer({.prefetch = 8});
  const auto begun = hoarder.get();
  EXPECT_EQ(queue_.stats().leased, 3u);
  const auto other = queue_.get();
  EXPECT_EQ(other.value(), "b");
  EXPECT_EQ(other.attempt(), 1u);
  EXPECT_EQ(Payloads(), Values{"c"});
}

TEST_F(ConsumerTest, AfterARecallNothingIsGotInAdvanceUntilSomebodyWaitsAgain) {
  queue_.put_many({"a", "b"});
  const auto hoarder = queue_.consumer({.prefetch = 4});
  const auto begun = hoarder.get();
  queue_.get().done();
  queue_.put("c");
  EXPECT_EQ(Payloads(), Values{"c"});
  queue_.put("d");
  const auto next = hoarder.get();
  EXPECT_EQ(next.value(), "c");
  queue_.put("e");
  EXPECT_EQ(Payloads(), Values{});
}

TEST_F(ConsumerTest, ShutdownAtOnceDiscardsWhatIsNotBegun) {
  queue_.put_many({"a", "b", "c"});
  const auto consumer = queue_.consumer();
  auto begun = consumer.get();
  queue_.shutdown(true);
  EXPECT_EQ(queue_.stats().discarded, 2u);
  EXPECT_EQ(ReasonOf([&] { consumer.get(); }), Reason::kShutDown);
  begun.done();
  EXPECT_EQ(queue_.join().done, 1u);
}

TEST_F(ConsumerTest, AGracefulShutdownIsDrainedToTheEnd) {
  queue_.put_many({"a", "b", "c"});
  const auto consumer = queue_.consumer({.prefetch = 1});
  consumer.get().done();
  queue_.shutdown();
  consumer.get().done();
  consumer.get().done();
  EXPECT_EQ(ReasonOf([&] { consumer.get({.until_finished = true}); }), Reason::kShutDown);
  EXPECT_EQ(queue_.join().done, 3u);
}

TEST_F(ConsumerTest, ItsEndGivesBackWhatIsNotBegun) {
  queue_.put_many({"a", "b", "c"});
  std::optional<Task<std::string>> begun;
  {
    const auto consumer = queue_.consumer();
    begun = consumer.get();
    EXPECT_EQ(Payloads(), Values{});
  }
  EXPECT_EQ(Payloads(), (Values{"b", "c"}));
  EXPECT_EQ(queue_.peek().front().attempts, 0u);
  begun->done();
  queue_.put("d");
  EXPECT_EQ(queue_.stats().leased, 0u) << "nothing is got for one that is gone";
}

TEST_F(ConsumerTest, MovesWithWhatItHolds) {
  queue_.put_many({"a", "b", "c", "d"});
  auto first = queue_.consumer({.prefetch = 1});
  auto second = queue_.consumer({.prefetch = 1});
  const auto a = first.get();
  const auto c = second.get();
  second = std::move(first);
  EXPECT_EQ(Payloads(), Values{"d"}) << "what was the second one's is back";
  EXPECT_EQ(second.get().value(), "b");
}

TEST_F(ConsumerTest, EmptyComesAtTheTimeoutAndNotBefore) {
  queue_.put("a");
  const auto consumer = queue_.consumer();
  consumer.get().done();
  EXPECT_EQ(ReasonOf([&] { consumer.get_nowait(); }), Reason::kEmpty);
  Background get([&] { consumer.get({.timeout = 5s}); });
  Eventually([&] { return queue_.stats().waiting_getters == 1; });
  clock_.Advance(4'999ms);
  EXPECT_TRUE(get.Running());
  clock_.Advance(1ms);
  EXPECT_EQ(get.Ended(), Reason::kEmpty);
}

TEST_F(ConsumerTest, AStopEndsTheWaitOfOneCallerAlone) {
  queue_.put("a");
  const auto consumer = queue_.consumer();
  consumer.get().done();
  std::stop_source stop;
  Background stopped([&] { consumer.get({.stop = stop.get_token()}); });
  Eventually([&] { return queue_.stats().waiting_getters == 1; });
  Background other([&] { consumer.get().done(); });
  Eventually([&] { return queue_.stats().waiting_getters == 2; });
  stop.request_stop();
  EXPECT_EQ(stopped.Ended(), Reason::kCancelled);
  EXPECT_TRUE(other.Running());
  queue_.put("b");
  EXPECT_EQ(other.Ended(), Reason::kOk);
}

TEST_F(ConsumerTest, ManyAreThoseThatAreHereAndWithALingerThoseThatCome) {
  queue_.put_many({"a", "b", "c", "d", "e"});
  const auto consumer = queue_.consumer({.prefetch = 2});
  auto a = consumer.get();
  auto here = consumer.get_many(4);
  EXPECT_EQ(ValuesOf(here), (Values{"b", "c"}));
  std::vector<Task<std::string>> more;
  Background lingers([&] { more = consumer.get_many(4, {.min_items = 3, .linger = 1s}); });
  Eventually([&] { return queue_.stats().waiting_getters == 1; });
  clock_.Advance(1s);
  EXPECT_EQ(lingers.Ended(), Reason::kOk);
  EXPECT_EQ(ValuesOf(more), (Values{"d", "e"}));
}

TEST_F(ConsumerTest, ALostSessionsItemsAreForgottenAndComeAgain) {
  queue_.put_many({"a", "b", "c"});
  const auto consumer = queue_.consumer();
  auto a = consumer.get();
  clock_.Advance(31s);  // longer than the client's lease, in one step
  EXPECT_EQ(ReasonOf([&] { a.done(); }), Reason::kLeaseLost);
  auto again = consumer.get();
  EXPECT_EQ(again.value(), "a");
  EXPECT_EQ(again.attempt(), 2u);
  EXPECT_EQ(consumer.get().value(), "b");
}

TEST_F(ConsumerTest, CloseEndsTheWait) {
  queue_.put("a");
  const auto consumer = queue_.consumer();
  consumer.get().done();
  Background get([&] { consumer.get(); });
  Eventually([&] { return queue_.stats().waiting_getters == 1; });
  client_.close();
  EXPECT_EQ(get.Ended(), Reason::kCancelled);
  EXPECT_EQ(ReasonOf([&] { consumer.get(); }), Reason::kCancelled);
}

TEST_F(ConsumerTest, AQueueThatIsMissingIsNotFound) {
  const auto consumer = client_.queue<std::string>("nowhere").consumer();
  EXPECT_EQ(ReasonOf([&] { consumer.get(); }), Reason::kQueueNotFound);
}

TEST_F(ConsumerTest, ItsBoundIsBounded) {
  EXPECT_EQ(ReasonOf([&] { queue_.consumer({.prefetch = 0}); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { queue_.consumer({.prefetch = 10'001}); }), Reason::kInvalidArgument);
  queue_.consumer({.prefetch = 10'000});
}

TEST_F(ConsumerTest, ThreadsThatShareOneGetEachItemOnceWhileOthersStarveNow) {
  constexpr std::uint64_t kItems = 600;
  const auto consumer = queue_.consumer({.prefetch = 7});
  std::mutex mutex;
  std::multiset<std::string> seen;
  const auto work = [&](const auto& source) {
    while (true) {
      auto task = source.get({.until_finished = true});
      {
        const std::scoped_lock lock(mutex);
        seen.insert(task.value());
      }
      task.done();
    }
  };
  queue_.put("first");
  std::vector<Background> workers;
  for (int i = 0; i < 3; ++i) workers.emplace_back([&] { work(consumer); });
  workers.emplace_back([&] { work(queue_); });
  for (std::uint64_t i = 1; i < kItems; ++i) queue_.put(std::to_string(i));
  queue_.shutdown();
  for (Background& worker : workers) EXPECT_EQ(worker.Ended(), Reason::kShutDown);
  EXPECT_EQ(queue_.join().done, kItems);
  EXPECT_EQ(seen.size(), kItems);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), kItems);
}

}  // namespace
}  // namespace sluice
