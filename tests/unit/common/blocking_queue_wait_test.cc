// Waiting calls: who is served when, and how else they end. Time is moved by hand.
#include <sluice/blocking_queue.h>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::Background;
using testing::Eventually;

class BlockingQueueWait : public ::testing::Test {
 protected:
  void AwaitGetters(std::size_t count) {
    Eventually([&] { return queue_.waiting_getters() == count; });
  }
  void AwaitPutters(std::size_t count) {
    Eventually([&] { return queue_.waiting_putters() == count; });
  }
  void AwaitJoiners(std::size_t count) {
    Eventually([&] { return queue_.waiting_joiners() == count; });
  }

  ManualClock clock_;
  std::stop_source stop_;
  BlockingQueue<int> queue_{2, clock_};
};

// ---- service ------------------------------------------------------------------------------------

TEST_F(BlockingQueueWait, GettersAreServedInTheOrderOfArrival) {
  std::vector<int> got(3);
  std::vector<std::unique_ptr<Background>> getters;
  for (std::size_t i = 0; i < got.size(); ++i) {
    getters.push_back(std::make_unique<Background>([this, &got, i] { got[i] = queue_.get(); }));
    AwaitGetters(i + 1);
  }
  for (int item = 1; item <= 3; ++item) queue_.put(item);
  for (auto& getter : getters) EXPECT_EQ(getter->Ended(), Reason::kOk);
  EXPECT_EQ(got, (std::vector{1, 2, 3}));
}

TEST_F(BlockingQueueWait, APutServesExactlyOneGetter) {
  Background first([this] { queue_.get(); });
  AwaitGetters(1);
  Background second([this] { queue_.get(); });
  AwaitGetters(2);
  queue_.put(1);
  EXPECT_EQ(queue_.waiting_getters(), 1u);
  EXPECT_EQ(first.Ended(), Reason::kOk);
  EXPECT_TRUE(second.Running());
  queue_.put(2);
  EXPECT_EQ(second.Ended(), Reason::kOk);
}

TEST_F(BlockingQueueWait, PuttersAreServedInTheOrderOfArrival) {
  queue_.put_many({1, 2});
  Background third([this] { queue_.put(3); });
  AwaitPutters(1);
  Background fourth([this] { queue_.put(4); });
  AwaitPutters(2);
  EXPECT_EQ(queue_.get(), 1);
  EXPECT_EQ(third.Ended(), Reason::kOk);
  EXPECT_TRUE(fourth.Running());
  EXPECT_EQ(queue_.get(), 2);
  EXPECT_EQ(fourth.Ended(), Reason::kOk);
  EXPECT_EQ(queue_.get_many(2), (std::vector{3, 4}));
}

TEST_F(BlockingQueueWait, ABatchIsSharedByThoseWhoWait) {
  std::vector<int> one, more;
  Background first([&] { one.push_back(queue_.get()); });
  AwaitGetters(1);
  Background second([&] { more = queue_.get_many(5); });
  AwaitGetters(2);
  queue_.put_many({1, 2});
  EXPECT_EQ(first.Ended(), Reason::kOk);
  EXPECT_EQ(second.Ended(), Reason::kOk);
  EXPECT_EQ(one, (std::vector{1}));
  EXPECT_EQ(more, (std::vector{2}));
}

TEST_F(BlockingQueueWait, GetManyThatWaitedTakesTheRestOfTheBatch) {
  queue_.set_maxsize(0);
  std::vector<int> got;
  Background getter([&] { got = queue_.get_many(3); });
  AwaitGetters(1);
  queue_.put_many({1, 2, 3, 4});
  EXPECT_EQ(getter.Ended(), Reason::kOk);
  EXPECT_EQ(got, (std::vector{1, 2, 3}));
  EXPECT_EQ(queue_.get(), 4);
}

TEST_F(BlockingQueueWait, ABatchWaitsForRoomForAllAndNobodyOvertakesIt) {
  queue_.put(1);
  Background batch([this] { queue_.put_many({2, 3}); });
  AwaitPutters(1);
  EXPECT_THROW(queue_.put_nowait(4), Full);  // there is room for one, but the batch came first
  EXPECT_EQ(queue_.get(), 1);
  EXPECT_EQ(batch.Ended(), Reason::kOk);
  EXPECT_EQ(queue_.get_many(9), (std::vector{2, 3}));
}

TEST_F(BlockingQueueWait, GrowingServesPuttersAtOnce) {
  queue_.put_many({1, 2});
  Background third([this] { queue_.put(3); });
  AwaitPutters(1);
  queue_.set_maxsize(3);
  EXPECT_EQ(queue_.qsize(), 3u);
  EXPECT_EQ(third.Ended(), Reason::kOk);
}

TEST_F(BlockingQueueWait, ShrinkingRefusesBatchesThatCanNeverFitAndServesThoseBehind) {
  queue_.put(1);
  Background batch([this] { queue_.put_many({2, 3}); });
  AwaitPutters(1);
  Background single([this] { queue_.put(4); });
  AwaitPutters(2);
  queue_.set_maxsize(1);
  EXPECT_EQ(batch.Ended(), Reason::kTooLarge);
  EXPECT_TRUE(single.Running());
  EXPECT_EQ(queue_.get(), 1);
  EXPECT_EQ(single.Ended(), Reason::kOk);
}

TEST_F(BlockingQueueWait, TheLastTaskDoneEndsEveryJoin) {
  queue_.put_many({1, 2});
  Background first([this] { queue_.join(); });
  Background second([this] { queue_.join({.timeout = 1h}); });
  AwaitJoiners(2);
  queue_.get_many(2);
  queue_.task_done();
  EXPECT_EQ(queue_.waiting_joiners(), 2u);
  queue_.task_done();
  queue_.put(3);  // a later put does not hold up those who were served
  EXPECT_EQ(first.Ended(), Reason::kOk);
  EXPECT_EQ(second.Ended(), Reason::kOk);
}

// ---- timeouts -----------------------------------------------------------------------------------

TEST_F(BlockingQueueWait, TimeoutsEndAtTheirDeadlineAndNotBefore) {
  queue_.put_many({1, 2});
  Background put([this] { queue_.put(3, {.timeout = 10ms}); });
  Background join([this] { queue_.join({.timeout = 20ms}); });
  AwaitPutters(1);
  AwaitJoiners(1);
  clock_.Advance(10ms - 1us);
  EXPECT_EQ(queue_.waiting_putters(), 1u);
  clock_.Advance(1us);
  EXPECT_EQ(queue_.waiting_putters(), 0u);  // ended by Advance, whenever its thread runs
  EXPECT_EQ(put.Ended(), Reason::kFull);
  clock_.Advance(10ms);
  EXPECT_EQ(join.Ended(), Reason::kTimeout);
  EXPECT_EQ(queue_.get_many(9), (std::vector{1, 2}));
  Background get([this] { queue_.get_many(3, {.timeout = 30ms}); });
  AwaitGetters(1);
  clock_.Advance(30ms);
  EXPECT_EQ(get.Ended(), Reason::kEmpty);
}

TEST_F(BlockingQueueWait, AVeryLongTimeoutIsForEver) {
  Background getter([this] { queue_.get({.timeout = std::chrono::milliseconds::max()}); });
  AwaitGetters(1);
  clock_.Advance(std::chrono::years(1000));
  EXPECT_EQ(queue_.waiting_getters(), 1u);
  queue_.put(1);
  EXPECT_EQ(getter.Ended(), Reason::kOk);
}

TEST_F(BlockingQueueWait, APutterThatTimesOutPassesTheRoomOn) {
  queue_.put(1);
  Background batch([this] { queue_.put_many({2, 3}, {.timeout = 10ms}); });
  AwaitPutters(1);
  Background single([this] { queue_.put(4); });
  AwaitPutters(2);
  clock_.Advance(10ms);
  EXPECT_EQ(batch.Ended(), Reason::kFull);
  EXPECT_EQ(single.Ended(), Reason::kOk);
  EXPECT_EQ(queue_.get_many(9), (std::vector{1, 4}));
}

TEST_F(BlockingQueueWait, AGetterThatTimesOutSwallowsNoItem) {
  Background first([this] { queue_.get({.timeout = 10ms}); });
  AwaitGetters(1);
  int got = 0;
  Background second([&] { got = queue_.get(); });
  AwaitGetters(2);
  clock_.Advance(10ms);
  queue_.put(1);
  EXPECT_EQ(first.Ended(), Reason::kEmpty);
  EXPECT_EQ(second.Ended(), Reason::kOk);
  EXPECT_EQ(got, 1);
}

TEST(BlockingQueueRealTime, TimeoutsFollowTheSteadyClock) {
  BlockingQueue<int> queue(1);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROW(queue.get({.timeout = 20ms}), Empty);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
  queue.put(1);
  EXPECT_THROW(queue.put(2, {.timeout = 1ms}), Full);
  EXPECT_THROW(queue.join({.timeout = 1ms}), Timeout);
  EXPECT_EQ(queue.get(), 1);
}

// ---- stop tokens --------------------------------------------------------------------------------

TEST_F(BlockingQueueWait, AStopEndsEveryKindOfWait) {
  const WaitOptions options{.timeout = 1h, .stop = stop_.get_token()};
  queue_.put_many({1, 2});
  Background put([&] { queue_.put(3, options); });
  Background join([&] { queue_.join(options); });
  BlockingQueue<int> other(0, clock_);
  Background get([&] { other.get(options); });
  AwaitPutters(1);
  AwaitJoiners(1);
  Eventually([&] { return other.waiting_getters() == 1; });
  stop_.request_stop();
  EXPECT_EQ(queue_.waiting_putters() + queue_.waiting_joiners() + other.waiting_getters(), 0u);
  EXPECT_EQ(put.Ended(), Reason::kCancelled);
  EXPECT_EQ(join.Ended(), Reason::kCancelled);
  EXPECT_EQ(get.Ended(), Reason::kCancelled);
  EXPECT_EQ(queue_.qsize(), 2u);
}

TEST_F(BlockingQueueWait, AStoppedPutterPassesTheRoomOn) {
  queue_.put(1);
  Background batch([this] { queue_.put_many({2, 3}, {.stop = stop_.get_token()}); });
  AwaitPutters(1);
  Background single([this] { queue_.put(4); });
  AwaitPutters(2);
  stop_.request_stop();
  EXPECT_EQ(batch.Ended(), Reason::kCancelled);
  EXPECT_EQ(single.Ended(), Reason::kOk);
}

TEST_F(BlockingQueueWait, AStopAfterTheServiceChangesNothing) {
  int got = 0;
  Background getter([&] { got = queue_.get({.stop = stop_.get_token()}); });
  AwaitGetters(1);
  queue_.put(7);
  stop_.request_stop();
  EXPECT_EQ(getter.Ended(), Reason::kOk);
  EXPECT_EQ(got, 7);
}

}  // namespace
}  // namespace sluice
