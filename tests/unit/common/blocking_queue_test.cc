// What BlockingQueue promises to one thread: order, bounds, batches, numbers, errors.
#include <sluice/blocking_queue.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::ReasonOf;

template <typename Queue>
auto Drain(Queue& queue) {
  std::vector<decltype(queue.get())> items;
  while (auto item = queue.try_get()) items.push_back(*std::move(item));
  return items;
}

// ---- order --------------------------------------------------------------------------------------

TEST(BlockingQueueOrder, FifoGivesOutInTheOrderOfArrival) {
  BlockingQueue<int> queue;
  queue.put(3);
  queue.put_many({1, 2});
  EXPECT_EQ(Drain(queue), (std::vector{3, 1, 2}));
}

TEST(BlockingQueueOrder, LifoGivesOutTheLatestFirst) {
  BlockingQueue<int, Lifo> queue;
  queue.put(3);
  queue.put_many({1, 2});
  EXPECT_EQ(Drain(queue), (std::vector{2, 1, 3}));
}

TEST(BlockingQueueOrder, PriorityGivesOutTheLeastFirst) {
  BlockingQueue<int, Priority<>> queue;
  for (const int item : {5, 1, 4, 1, 3}) queue.put(item);
  queue.put_many({2, 0});
  EXPECT_EQ(Drain(queue), (std::vector{0, 1, 1, 2, 3, 4, 5}));
}

TEST(BlockingQueueOrder, PriorityTakesACustomComparator) {
  BlockingQueue<std::string, Priority<std::greater<>>> queue;
  queue.put_many({"a", "c", "b"});
  EXPECT_EQ(Drain(queue), (std::vector<std::string>{"c", "b", "a"}));
}

struct Job {
  int priority;
  int number;
};
using ByPriority = decltype([](const Job& a, const Job& b) { return a.priority < b.priority; });

TEST(BlockingQueueOrder, EqualPrioritiesAreGivenOutInTheOrderOfArrival) {
  BlockingQueue<Job, Priority<ByPriority>> queue;
  for (int i = 0; i < 100; ++i) queue.put({.priority = i % 3, .number = i});
  Job last = queue.get();
  for (int i = 1; i < 100; ++i) {
    const Job job = queue.get();
    EXPECT_TRUE(last.priority < job.priority || (last.priority == job.priority && last.number < job.number));
    last = job;
  }
}

TEST(BlockingQueueOrder, ItemsNeedOnlyBeMovable) {
  using Box = std::unique_ptr<int>;
  using Less = decltype([](const Box& a, const Box& b) { return *a < *b; });
  BlockingQueue<Box, Priority<Less>> queue;
  for (const int item : {2, 3, 1, 2}) queue.put(std::make_unique<int>(item));
  std::vector<Box> more;
  more.push_back(std::make_unique<int>(0));
  queue.put_many(std::move(more));
  EXPECT_EQ(*queue.get(), 0);
  EXPECT_EQ(*queue.get(), 1);
  EXPECT_EQ(*queue.get_many(1).front(), 2);
  EXPECT_EQ(**queue.try_get(), 2);
  EXPECT_EQ(*queue.get_nowait(), 3);
}

// ---- bounds -------------------------------------------------------------------------------------

TEST(BlockingQueueBound, WithoutMaxsizeItIsNeverFull) {
  BlockingQueue<int> queue;
  for (int i = 0; i < 10'000; ++i) queue.put_nowait(i);
  EXPECT_EQ(queue.maxsize(), 0);
  EXPECT_FALSE(queue.full());
}

TEST(BlockingQueueBound, MaxsizeCountsItemsThatWait) {
  BlockingQueue<int> queue(2);
  EXPECT_TRUE(queue.empty());
  queue.put(1);
  EXPECT_FALSE(queue.full());
  queue.put(2);
  EXPECT_TRUE(queue.full());
  EXPECT_THROW(queue.put_nowait(3), Full);
  queue.get();  // taken, not finished
  EXPECT_NO_THROW(queue.put_nowait(3));
  EXPECT_EQ(queue.qsize(), 2u);
  EXPECT_EQ(queue.unfinished(), 3u);
}

TEST(BlockingQueueBound, EmptyIsThrownOrNullopt) {
  BlockingQueue<int> queue;
  EXPECT_THROW(queue.get_nowait(), Empty);
  EXPECT_THROW(queue.get({.timeout = 0ms}), Empty);
  EXPECT_THROW(queue.get_many(3, {.timeout = 0ms}), Empty);
  EXPECT_EQ(queue.try_get(), std::nullopt);
}

TEST(BlockingQueueBound, WhatWasNotPutIsStillTheCallers) {
  BlockingQueue<std::unique_ptr<int>> queue(1);
  queue.put(std::make_unique<int>(1));
  auto item = std::make_unique<int>(2);
  EXPECT_THROW(queue.put_nowait(std::move(item)), Full);
  EXPECT_FALSE(queue.try_put(std::move(item)));
  queue.shutdown();
  EXPECT_THROW(queue.put(std::move(item)), ShutDown);
  ASSERT_NE(item, nullptr);
  std::vector<std::unique_ptr<int>> items;
  items.push_back(std::move(item));
  EXPECT_THROW(queue.put_many(std::move(items)), ShutDown);
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(*items.front(), 2);
}

TEST(BlockingQueueBound, MaxsizeCanGrowAndShrinkLive) {
  BlockingQueue<int> queue(3);
  queue.put_many({1, 2, 3});
  queue.set_maxsize(2);  // evicts nothing
  EXPECT_EQ(queue.qsize(), 3u);
  EXPECT_TRUE(queue.full());
  queue.get();
  EXPECT_THROW(queue.put_nowait(4), Full);
  queue.set_maxsize(4);
  EXPECT_EQ(queue.maxsize(), 4);
  EXPECT_TRUE(queue.try_put(4));
  queue.set_maxsize(0);
  EXPECT_FALSE(queue.full());
}

// ---- batches ------------------------------------------------------------------------------------

TEST(BlockingQueueBatch, PutManyIsAllOrNothing) {
  BlockingQueue<int> queue(3);
  queue.put(1);
  std::vector<int> batch{2, 3, 4};
  EXPECT_THROW(queue.put_many(batch, {.timeout = 0ms}), Full);
  EXPECT_EQ(queue.qsize(), 1u);
  batch.pop_back();
  queue.put_many(std::move(batch), {.timeout = 0ms});
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(Drain(queue), (std::vector{1, 2, 3}));
}

TEST(BlockingQueueBatch, ABatchThatCanNeverFitIsRefusedAtOnce) {
  BlockingQueue<int> queue(2);
  EXPECT_THROW(queue.put_many({1, 2, 3}), TooLarge);
  EXPECT_TRUE(queue.empty());
}

TEST(BlockingQueueBatch, AnEmptyBatchIsNothing) {
  BlockingQueue<int> queue(1);
  queue.put(1);
  queue.put_many({});
  EXPECT_EQ(queue.unfinished(), 1u);
}

TEST(BlockingQueueBatch, GetManyTakesWhatIsReadyUpToMax) {
  BlockingQueue<int> queue;
  queue.put_many({1, 2, 3, 4, 5});
  EXPECT_EQ(queue.get_many(2), (std::vector{1, 2}));
  EXPECT_EQ(queue.get_many(SIZE_MAX), (std::vector{3, 4, 5}));
  EXPECT_EQ(queue.unfinished(), 5u);
}

// ---- completion ---------------------------------------------------------------------------------

TEST(BlockingQueueCompletion, JoinReturnsWhenAllIsDone) {
  BlockingQueue<int> queue;
  queue.join();
  queue.put_many({1, 2, 3});
  EXPECT_THROW(queue.join({.timeout = 0ms}), Timeout);
  queue.get_many(3);
  queue.task_done(2);
  EXPECT_THROW(queue.join({.timeout = 0ms}), Timeout);
  queue.task_done();
  queue.join();
}

TEST(BlockingQueueCompletion, MoreTaskDonesThanGetsAreRefusedAndChangeNothing) {
  BlockingQueue<int> queue;
  EXPECT_THROW(queue.task_done(), InvalidArgument);
  queue.put_many({1, 2});
  EXPECT_THROW(queue.task_done(), InvalidArgument);  // nothing taken yet: a join must not end early
  queue.get();
  EXPECT_THROW(queue.task_done(2), InvalidArgument);
  EXPECT_EQ(queue.unfinished(), 2u);
  queue.task_done();
  EXPECT_EQ(queue.unfinished(), 1u);
}

// ---- arguments ----------------------------------------------------------------------------------

TEST(BlockingQueueArguments, NegativeOnesAreRefusedEvenIfNothingHadToWait) {
  EXPECT_THROW(BlockingQueue<int>(-1), InvalidArgument);
  BlockingQueue<int> queue(2);
  EXPECT_THROW(queue.set_maxsize(-1), InvalidArgument);
  EXPECT_THROW(queue.put(1, {.timeout = -1ms}), InvalidArgument);
  EXPECT_THROW(queue.put_many({1}, {.timeout = -1ms}), InvalidArgument);
  EXPECT_THROW(queue.join({.timeout = -1ms}), InvalidArgument);
  queue.put(1);
  EXPECT_THROW(queue.get({.timeout = -1ms}), InvalidArgument);
  EXPECT_THROW(queue.get_many(1, {.timeout = -1ms}), InvalidArgument);
  EXPECT_THROW(queue.get_many(0), InvalidArgument);
  EXPECT_EQ(queue.qsize(), 1u);
  EXPECT_EQ(queue.maxsize(), 2);
}

TEST(BlockingQueueArguments, AStopThatWasRequestedBeforeCancelsAtOnce) {
  BlockingQueue<int> queue;
  queue.put(1);
  std::stop_source source;
  source.request_stop();
  const WaitOptions stopped{.stop = source.get_token()};
  EXPECT_THROW(queue.put(2, stopped), Cancelled);
  EXPECT_THROW(queue.get(stopped), Cancelled);
  EXPECT_THROW(queue.get_many(2, stopped), Cancelled);
  EXPECT_THROW(queue.join(stopped), Cancelled);
  EXPECT_EQ(queue.qsize(), 1u);
}

TEST(BlockingQueueArguments, EveryErrorSaysWhatIsWrong) {
  BlockingQueue<int> queue(1);
  try {
    queue.put_many({1, 2});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.reason(), Reason::kTooLarge);
    EXPECT_STREQ(error.what(), "more items at once than maxsize: put them in smaller batches");
  }
}

}  // namespace
}  // namespace sluice
