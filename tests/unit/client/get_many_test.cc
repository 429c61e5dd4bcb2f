// get_many that lingers for more than the first item.
#include <gtest/gtest.h>

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include <sluice/client.h>

#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::Background;
using testing::Eventually;
using testing::ReasonOf;

class GetManyTest : public ::testing::Test {
 protected:
  GetManyTest() { client_.create("q"); }

  // Until a get_many waits that holds so many items.
  void UntilItWaitsHolding(std::size_t items) {
    Eventually([&] {
      const QueueStats stats = queue_.stats();
      return stats.leased == items && stats.waiting_getters == 1;
    });
  }

  ManualClock clock_;
  Client client_ = Client::embedded({.clock = &clock_, .lease = 30s});
  Queue<std::string> queue_ = client_.queue<std::string>("q");
  std::vector<Task<std::string>> tasks_;
};

TEST_F(GetManyTest, WithoutALingerItTakesWhatIsThere) {
  queue_.put_many({"a", "b"});
  EXPECT_EQ(queue_.get_many(10, {.min_items = 5}).size(), 2u);
}

TEST_F(GetManyTest, ItLingersUntilThereAreEnough) {
  Background get([&] { tasks_ = queue_.get_many(10, {.min_items = 3, .linger = 5s}); });
  UntilItWaitsHolding(0);
  queue_.put("a");
  UntilItWaitsHolding(1);
  queue_.put("b");
  UntilItWaitsHolding(2);
  queue_.put("c");
  EXPECT_EQ(get.Ended(), Reason::kOk);
  ASSERT_EQ(tasks_.size(), 3u);
  EXPECT_EQ(tasks_[2].value(), "c");
}

TEST_F(GetManyTest, WithALingerAloneEnoughIsAll) {
  queue_.put_many({"a", "b"});
  Background get([&] { tasks_ = queue_.get_many(3, {.linger = 5s}); });
  UntilItWaitsHolding(2);
  queue_.put_many({"c", "d"});
  EXPECT_EQ(get.Ended(), Reason::kOk);
  EXPECT_EQ(tasks_.size(), 3u);
  EXPECT_EQ(queue_.stats().ready, 1u) << "never more than asked for";
}

TEST_F(GetManyTest, TheLingerCountsFromTheFirstItemAndNotFromTheLast) {
  Background get([&] { tasks_ = queue_.get_many(10, {.linger = 5s}); });
  UntilItWaitsHolding(0);
  clock_.Advance(20s);
  queue_.put("a");
  UntilItWaitsHolding(1);
  clock_.Advance(3s);
  queue_.put("b");
  UntilItWaitsHolding(2);
  clock_.Advance(1'999ms);
  EXPECT_TRUE(get.Running());
  clock_.Advance(1ms);
  EXPECT_EQ(get.Ended(), Reason::kOk);
  EXPECT_EQ(tasks_.size(), 2u);
}

TEST_F(GetManyTest, TheFirstItemIsWaitedForAsByGet) {
  Background get([&] { queue_.get_many(10, {.timeout = 5s, .linger = 1h}); });
  UntilItWaitsHolding(0);
  clock_.Advance(5s);
  EXPECT_EQ(get.Ended(), Reason::kEmpty);
}

TEST_F(GetManyTest, WhatEndsTheLingerLosesNoItem) {
  std::stop_source stop;
  const auto ended_by = [&](const auto& end) {
    queue_.put("a");
    Background get([&] { tasks_ = queue_.get_many(10, {.linger = 1h, .stop = stop.get_token()}); });
    UntilItWaitsHolding(1);
    end();
    EXPECT_EQ(get.Ended(), Reason::kOk);
    ASSERT_EQ(tasks_.size(), 1u);
    tasks_[0].done();
  };
  ended_by([&] { queue_.shutdown(); });
  queue_.reopen();
  ended_by([&] { stop.request_stop(); });
  EXPECT_EQ(ReasonOf([&] { queue_.get_many(10, {.stop = stop.get_token()}); }), Reason::kCancelled);
  EXPECT_EQ(queue_.stats().done, 2u);
}

TEST_F(GetManyTest, AnItemWhoseLeaseIsLostInTheLingerIsReturnedOnceAndHeld) {
  queue_.put("a");
  Background get([&] { tasks_ = queue_.get_many(2, {.linger = 1h}); });
  UntilItWaitsHolding(1);
  clock_.Advance(31s);  // in one step: the session is lost, "a" is delivered again
  UntilItWaitsHolding(1);
  queue_.put("b");
  EXPECT_EQ(get.Ended(), Reason::kOk);
  ASSERT_EQ(tasks_.size(), 2u);
  queue_.done_many(tasks_);
  EXPECT_EQ(queue_.join().done, 2u);
}

TEST_F(GetManyTest, ArgumentsThatMakeNoSenseAreRefused) {
  EXPECT_EQ(ReasonOf([&] { queue_.get_many(2, {.min_items = 3}); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { queue_.get_many(2, {.linger = -1ms}); }), Reason::kInvalidArgument);
}

}  // namespace
}  // namespace sluice
