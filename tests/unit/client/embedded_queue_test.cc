// Queue<T> on a broker in this process, with time moved by hand.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <sluice/client.h>

#include "common/limits.h"
#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::Background;
using testing::Eventually;
using testing::ReasonOf;

class EmbeddedQueueTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  Client client_ = Client::embedded({.clock = &clock_});
  Queue<std::string> queue_ = client_.queue<std::string>("q", QueueSettings{.maxsize = 2});
};

TEST_F(EmbeddedQueueTest, WhatIsPutComesOutInOrderAndIsGoneWhenDone) {
  const std::uint64_t id = queue_.put("a");
  EXPECT_EQ(queue_.put("b"), id + 1);
  auto a = queue_.get();
  auto b = queue_.get();
  EXPECT_EQ(a.value(), "a");
  EXPECT_EQ(b.value(), "b");
  EXPECT_LT(a.fence(), b.fence());
  EXPECT_EQ(queue_.stats().unfinished, 2u);
  a.done();
  b.done();
  EXPECT_EQ(queue_.join().done, 2u);
}

TEST_F(EmbeddedQueueTest, AFullQueueRefusesAtTheTimeoutAndNotBefore) {
  queue_.put_many({"a", "b"});
  EXPECT_TRUE(queue_.full());
  EXPECT_EQ(ReasonOf([&] { queue_.put_nowait("c"); }), Reason::kFull);
  Background put([&] { queue_.put("c", {.timeout = 5s}); });
  Eventually([&] { return queue_.stats().waiting_putters == 1; });
  clock_.Advance(4'999ms);
  EXPECT_TRUE(put.Running());
  clock_.Advance(1ms);
  EXPECT_EQ(put.Ended(), Reason::kFull);
}

TEST_F(EmbeddedQueueTest, AnEmptyQueueSaysSoAtTheTimeoutAndNotBefore) {
  queue_.put("a");
  queue_.get().done();
  EXPECT_EQ(ReasonOf([&] { queue_.get_nowait(); }), Reason::kEmpty);
  Background get([&] { queue_.get({.timeout = 5s}); });
  Eventually([&] { return queue_.stats().waiting_getters == 1; });
  clock_.Advance(4'999ms);
  EXPECT_TRUE(get.Running());
  clock_.Advance(1ms);
  EXPECT_EQ(get.Ended(), Reason::kEmpty);
}

TEST_F(EmbeddedQueueTest, ATimeoutLongerThanTheLeaseStillEndsWithEmpty) {
  client_.create("q", {.maxsize = 2});
  Background get([&] { queue_.get({.timeout = 1h}); });
  Eventually([&] { return queue_.stats().waiting_getters == 1; });
  clock_.Advance(2h);  // in one step: the session is lost with it
  EXPECT_EQ(get.Ended(), Reason::kEmpty);
}

TEST_F(EmbeddedQueueTest, ABlockedGetIsServedByAPut) {
  client_.create("q", {.maxsize = 2});
  std::string got;
  Background get([&] {
    auto task = queue_.get();
    got = task.value();
    task.done();
  });
  Eventually([&] { return queue_.stats().waiting_getters == 1; });
  queue_.put("a");
  EXPECT_EQ(get.Ended(), Reason::kOk);
  EXPECT_EQ(got, "a");
}

TEST_F(EmbeddedQueueTest, BatchesAreAllOrNothingInAndOneToNOut) {
  EXPECT_EQ(ReasonOf([&] { queue_.put_many({"a", "b", "c"}); }), Reason::kTooLarge);
  EXPECT_EQ(queue_.put_many({"a", "b"}).size(), 2u);
  EXPECT_EQ(queue_.get_many(10).size(), 2u);
}

TEST_F(EmbeddedQueueTest, APopNeedsNoDecision) {
  queue_.put("a");
  EXPECT_EQ(queue_.pop(), "a");
  const QueueStats stats = queue_.stats();
  EXPECT_EQ(stats.unfinished, 0u);
  EXPECT_EQ(stats.done, 1u);
}

TEST_F(EmbeddedQueueTest, APopHasAllOfItsItem) {
  queue_.put("a", {.headers = {{"k", "v"}}, .content_type = "text/x"});
  const auto popped = queue_.handle().pop({});
  ASSERT_EQ(popped.size(), 1u);
  EXPECT_EQ(popped[0].content_type(), "text/x");
  EXPECT_EQ(popped[0].headers().at(0).second, "v");
  EXPECT_EQ(popped[0].decision(), detail::Decision::kDone);
}

TEST_F(EmbeddedQueueTest, ItemsOfOnePutMayDiffer) {
  detail::PutItems items(2, "text/plain", {});
  items.Add("a", "text/x", 7, {{"k", "v"}});
  items.Add("b");
  EXPECT_EQ(queue_.handle().put(items, {}).ids.size(), 2u);
  const auto a = queue_.get();
  EXPECT_EQ(a.content_type(), "text/x");
  EXPECT_EQ(a.priority(), 7);
  EXPECT_EQ(a.headers().size(), 1u);
  EXPECT_EQ(queue_.get().content_type(), "text/plain");
  EXPECT_EQ(ReasonOf([&] { items.Add("c", std::string(256, 'x'), 0, {}); }), Reason::kTooLarge);
}

TEST_F(EmbeddedQueueTest, ContentTravelsWithTheItem) {
  client_.create("p", {.order = Order::kPriority});
  const auto queue = client_.queue<std::string>("p");
  queue.put("late", {.priority = 5});
  queue.put("early", {.priority = -5, .headers = {{"trace", "7"}}, .content_type = "text/x"});
  const auto peeked = queue.peek();
  ASSERT_EQ(peeked.size(), 1u);
  EXPECT_EQ(peeked[0].payload, "early");
  EXPECT_EQ(peeked[0].priority, -5);
  auto task = queue.get();
  EXPECT_EQ(task.value(), "early");
  EXPECT_EQ(task.content_type(), "text/x");
  EXPECT_EQ(task.headers(), (std::vector<std::pair<std::string, std::string>>{{"trace", "7"}}));
  EXPECT_EQ(task.priority(), -5);
  EXPECT_EQ(task.attempt(), 1u);
  EXPECT_EQ(task.put_time(), clock_.Now());
  task.done();
}

TEST_F(EmbeddedQueueTest, ShutdownDrainsAndThenRefuses) {
  queue_.put("a");
  queue_.shutdown();
  EXPECT_EQ(ReasonOf([&] { queue_.put("b"); }), Reason::kShutDown);
  queue_.get().done();
  EXPECT_EQ(ReasonOf([&] { queue_.get(); }), Reason::kShutDown);
  queue_.reopen();
  queue_.put("b");
  EXPECT_EQ(queue_.shutdown(true), 1u);
}

TEST_F(EmbeddedQueueTest, UntilFinishedWaitsForWhatColleaguesHold) {
  queue_.put("a");
  auto task = queue_.get();
  queue_.shutdown();
  Background worker([&] { queue_.get({.until_finished = true}); });
  Eventually([&] { return queue_.stats().waiting_getters == 1; });
  task.done();
  EXPECT_EQ(worker.Ended(), Reason::kShutDown);
}

TEST_F(EmbeddedQueueTest, JoinWaitsForEveryQueueAndTimesOut) {
  client_.create("r");
  queue_.put("a");
  Background join([&] { client_.join({"q", "r"}, {.timeout = 5s}); });
  Eventually([&] { return queue_.stats().waiting_joiners == 1; });
  clock_.Advance(5s);
  EXPECT_EQ(join.Ended(), Reason::kTimeout);
  queue_.get().done();
  EXPECT_EQ(client_.join({"q", "r"}).at(0).done, 1u);
}

TEST_F(EmbeddedQueueTest, SettingsChangeLive) {
  client_.create("q", {.maxsize = 2});
  EXPECT_EQ(queue_.maxsize(), 2);
  queue_.set_maxsize(1);
  EXPECT_EQ(queue_.maxsize(), 1);
  queue_.pause();
  queue_.put("a");
  EXPECT_EQ(ReasonOf([&] { queue_.get_nowait(); }), Reason::kEmpty);
  queue_.resume();
  EXPECT_EQ(queue_.pop(), "a");
}

TEST_F(EmbeddedQueueTest, QueuesAreCreatedListedAndRemoved) {
  EXPECT_TRUE(client_.create("team/a"));
  EXPECT_FALSE(client_.create("team/a"));
  EXPECT_EQ(ReasonOf([&] { client_.create("team/a", {.maxsize = 9}); }), Reason::kQueueExists);
  client_.create("team/b");
  ASSERT_EQ(client_.list("team").size(), 2u);
  EXPECT_EQ(client_.list("team", "b").at(0).queue, "b");
  EXPECT_EQ(client_.remove("team/a"), 0u);
  EXPECT_EQ(ReasonOf([&] { client_.describe("team/a"); }), Reason::kQueueNotFound);
}

TEST_F(EmbeddedQueueTest, ADeletedQueueEndsItsWaiters) {
  client_.create("q", {.maxsize = 2});
  Background get([&] { queue_.get(); });
  Eventually([&] { return queue_.stats().waiting_getters == 1; });
  client_.remove("q");
  EXPECT_EQ(get.Ended(), Reason::kQueueDeleted);
}

TEST_F(EmbeddedQueueTest, AQueueThatIsNotThereIsNotCreatedByAccident) {
  const auto queue = client_.queue<std::string>("nowhere");
  EXPECT_EQ(ReasonOf([&] { queue.put("a"); }), Reason::kQueueNotFound);
  EXPECT_EQ(ReasonOf([&] { queue.get_nowait(); }), Reason::kQueueNotFound);
}

TEST_F(EmbeddedQueueTest, ArgumentsThatMakeNoSenseAreRefused) {
  const auto no_lease = std::chrono::milliseconds(0);
  EXPECT_EQ(ReasonOf([&] { client_.queue<std::string>(""); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { client_.queue<std::string>("a b"); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { client_.queue<std::string>("a/b/c"); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { client_.create("x", {.maxsize = -1}); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { client_.create("x", {.lease = no_lease}); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { client_.update("q", {.max_attempts = -1}); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { queue_.get({.timeout = -1ms}); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { queue_.get({.timeout = 366 * 24h}); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { queue_.get_many(0); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { queue_.get_many(10'001); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { queue_.put_many({}); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { queue_.put("a", {.headers = {{"", "v"}}}); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { queue_.task_done(0); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { queue_.extend(1, 1ms); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { client_.join({}); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { client_.join({"a/q", "b/q"}); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { Client::embedded({.lease = no_lease}); }), Reason::kInvalidArgument);
}

TEST_F(EmbeddedQueueTest, WhatIsTooLargeIsRefusedBeforeItIsSent) {
  const auto queue = client_.queue<std::string>("large", QueueSettings{});
  EXPECT_EQ(ReasonOf([&] { queue.put(std::string(limits::kItemBytes + 1, 'x')); }), Reason::kTooLarge);
  const std::string largest(limits::kItemBytes, 'x');
  EXPECT_EQ(ReasonOf([&] { queue.put_many({largest, largest, largest, largest}); }), Reason::kTooLarge);
  queue.put_many({largest, largest, largest});
}

TEST_F(EmbeddedQueueTest, AnAddressThatMakesNoSenseIsRefusedAtOnce) {
  for (const char* address :
       {"", "host", "host:", "host:0", "host:65536", "host:x", "unix:", "http://host:1", "::1:7"}) {
    EXPECT_EQ(ReasonOf([&] { Client client(address); }), Reason::kInvalidArgument) << address;
  }
  EXPECT_EQ(ReasonOf([] { Client client("unix:/" + std::string(107, 'x')); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([] { Client client("h:1", {.lease = 1ms}); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([] { Client client("h:1", {.min_backoff = 2s, .max_backoff = 1s}); }), Reason::kInvalidArgument);
}

TEST_F(EmbeddedQueueTest, TheRealClockRunsTimeoutsByItself) {
  const auto queue = Client::embedded().queue<std::string>("q", QueueSettings{});
  EXPECT_EQ(ReasonOf([&] { queue.get({.timeout = 20ms}); }), Reason::kEmpty);
}

}  // namespace
}  // namespace sluice
