// Many leases settled with one call.
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <sluice/client.h>

#include "common/limits.h"
#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::ReasonOf;
using Tasks = std::vector<Task<std::string>>;

class DoneManyTest : public ::testing::Test {
 protected:
  Tasks Take(std::size_t count) {
    queue_.put_many(std::vector<std::string>(count, "a"));
    return queue_.get_many(count);
  }

  ManualClock clock_;
  Client client_ = Client::embedded({.clock = &clock_, .lease = 30s});
  Queue<std::string> queue_ = client_.queue<std::string>("q", QueueSettings{});
};

TEST_F(DoneManyTest, AllAreDone) {
  Tasks tasks = Take(100);
  queue_.done_many(tasks);
  EXPECT_EQ(queue_.stats().done, 100u);
  for (const auto& task : tasks) EXPECT_TRUE(task.decided() && !task.lost());
  EXPECT_THROW(tasks[0].done(), std::logic_error) << "decided";
}

TEST_F(DoneManyTest, MoreThanAMessageHoldsAreSplit) {
  Tasks tasks = Take(limits::kBatchItems);
  for (auto& task : Take(5)) tasks.push_back(std::move(task));
  queue_.done_many(tasks);
  EXPECT_EQ(queue_.stats().done, limits::kBatchItems + 5);
}

TEST_F(DoneManyTest, MoreFencesThanAMessageHoldsAreSplit) {
  Tasks tasks = Take(limits::kBatchItems);
  std::vector<std::uint64_t> fences;
  for (const auto& task : tasks) fences.push_back(task.fence());
  fences.insert(fences.end(), fences.begin(), fences.begin() + 3);
  EXPECT_EQ(queue_.task_done(fences), std::vector(fences.begin(), fences.begin() + 3)) << "named twice";
}

TEST_F(DoneManyTest, NoTaskIsNothingToDo) {
  Tasks tasks;
  queue_.done_many(tasks);
}

TEST_F(DoneManyTest, ALostLeaseIsToldAndKeepsNoOtherFromBeingDone) {
  Tasks tasks = Take(3);
  queue_.release(tasks[1].fence());
  EXPECT_EQ(ReasonOf([&] { queue_.done_many(tasks); }), Reason::kLeaseLost);
  EXPECT_FALSE(tasks[0].lost());
  EXPECT_TRUE(tasks[1].lost());
  EXPECT_FALSE(tasks[2].lost());
  EXPECT_EQ(queue_.stats().done, 2u);
  EXPECT_EQ(queue_.stats().ready, 1u);
  EXPECT_EQ(ReasonOf([&] { queue_.done_many(tasks); }), Reason::kLeaseLost) << "as it was";
}

TEST_F(DoneManyTest, LeasesLostWithTheSessionStopNoLaterOnes) {
  Tasks tasks = Take(2);
  clock_.Advance(31s);
  for (auto& task : queue_.get_many(2)) tasks.push_back(std::move(task));
  EXPECT_EQ(ReasonOf([&] { queue_.done_many(tasks); }), Reason::kLeaseLost);
  EXPECT_TRUE(tasks[0].lost() && tasks[1].lost());
  EXPECT_FALSE(tasks[2].lost() || tasks[3].lost());
  EXPECT_EQ(queue_.join().done, 2u);
}

TEST_F(DoneManyTest, WhenAllAreLostAllSaySo) {
  Tasks tasks = Take(2);
  EXPECT_EQ(queue_.task_done(std::vector{tasks[0].fence(), tasks[1].fence()}).size(), 0u);
  EXPECT_EQ(ReasonOf([&] { queue_.done_many(tasks); }), Reason::kLeaseLost);
  EXPECT_TRUE(tasks[0].lost() && tasks[1].lost());
}

TEST_F(DoneManyTest, WhatIsDoneIsPassedOver) {
  Tasks tasks = Take(3);
  tasks[0].done();
  queue_.done_many(tasks);
  queue_.done_many(tasks);
  EXPECT_EQ(queue_.stats().done, 3u);
}

TEST_F(DoneManyTest, AMistakeSettlesNothing) {
  Tasks tasks = Take(3);
  tasks[2].fail("no");
  EXPECT_THROW(queue_.done_many(tasks), std::logic_error);
  EXPECT_EQ(queue_.stats().done, 0u);
  const auto moved = std::move(tasks[2]);
  EXPECT_THROW(queue_.done_many(tasks), std::logic_error);
  tasks.pop_back();
  const auto other = client_.queue<std::string>("r", QueueSettings{});
  EXPECT_EQ(ReasonOf([&] { other.done_many(tasks); }), Reason::kInvalidArgument);
  const auto elsewhere = Client::embedded().queue<std::string>("q", QueueSettings{});
  EXPECT_EQ(ReasonOf([&] { elsewhere.done_many(tasks); }), Reason::kInvalidArgument);
  EXPECT_FALSE(tasks[0].decided());
  queue_.done_many(tasks);
  EXPECT_EQ(queue_.stats().done, 2u);
}

TEST_F(DoneManyTest, ManyFencesAreSettledAtOnceAndTheLostOnesNamed) {
  Tasks tasks = Take(6);
  std::vector<std::uint64_t> fences;
  for (const auto& task : tasks) fences.push_back(task.fence());
  const auto pair = [&](std::size_t first) { return std::vector{fences[first], fences[first + 1]}; };
  EXPECT_TRUE(queue_.task_done(pair(0)).empty());
  EXPECT_EQ(queue_.task_done(std::vector{fences[1], fences[2]}), std::vector{fences[1]});
  EXPECT_EQ(queue_.fail({fences[2], fences[3]}, "no"), std::vector{fences[2]});
  EXPECT_EQ(queue_.release({fences[3], fences[4]}), std::vector{fences[3]});
  EXPECT_EQ(queue_.release(pair(3)), pair(3)) << "none was held";
  EXPECT_EQ(queue_.stats().done, 3u);
  EXPECT_TRUE(queue_.release(std::vector<std::uint64_t>{}).empty());
  EXPECT_EQ(ReasonOf([&] { queue_.release(std::vector<std::uint64_t>{0}); }), Reason::kInvalidArgument);
}

}  // namespace
}  // namespace sluice
