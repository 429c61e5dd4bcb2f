// Many threads, everything at once: every item is taken exactly once, and everybody comes home.
#include <sluice/blocking_queue.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr int kProducers = 4;
constexpr int kConsumers = 4;
constexpr int kItems = 3'000;  // of each producer

// Consumers mix all ways to get; they end with the queue.
template <typename Queue>
std::vector<int> Consume(Queue& queue) {
  std::vector<int> got;
  try {
    for (int turn = 0;; ++turn) {
      std::vector<int> items;
      if (turn % 3 == 0) {
        items = queue.get_many(5);
      } else if (turn % 3 == 1) {
        items.push_back(queue.get());
      } else if (const auto item = queue.try_get()) {
        items.push_back(*item);
      }
      got.insert(got.end(), items.begin(), items.end());
      queue.task_done(items.size());
    }
  } catch (const ShutDown&) {
  }
  return got;
}

// Producers mix all ways to put, until all of their items are in.
template <typename Queue>
void Produce(Queue& queue, int first) {
  for (int item = first; item < first + kItems;) {
    if (item % 7 == 0 && item + 3 <= first + kItems) {
      queue.put_many({item, item + 1, item + 2});
      item += 3;
    } else if (item % 7 != 1 || queue.try_put(int(item))) {
      if (item % 7 != 1) queue.put(item);
      ++item;
    } else {
      std::this_thread::yield();
    }
  }
}

template <typename OrderPolicy>
class BlockingQueueStress : public ::testing::Test {};
using Policies = ::testing::Types<Fifo, Lifo, Priority<>>;
TYPED_TEST_SUITE(BlockingQueueStress, Policies);

TYPED_TEST(BlockingQueueStress, EveryItemIsTakenExactlyOnce) {
  BlockingQueue<int, TypeParam> queue(10);
  std::vector<std::vector<int>> got(kConsumers);
  {
    std::vector<std::jthread> consumers;
    for (auto& mine : got) consumers.emplace_back([&] { mine = Consume(queue); });
    {
      std::vector<std::jthread> producers;
      for (int i = 0; i < kProducers; ++i) producers.emplace_back([&, i] { Produce(queue, i * kItems); });
      std::jthread resizer([&](std::stop_token stop) {
        for (int i = 0; !stop.stop_requested(); ++i, std::this_thread::yield()) queue.set_maxsize(3 + i % 10);
      });
      for (auto& producer : producers) producer.join();
    }
    queue.shutdown();
    queue.join({.timeout = testing::kPatience});
  }
  std::vector<int> all;
  for (const auto& mine : got) all.insert(all.end(), mine.begin(), mine.end());
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), static_cast<std::size_t>(kProducers * kItems));
  for (int i = 0; i < kProducers * kItems; ++i) ASSERT_EQ(all[static_cast<std::size_t>(i)], i);
}

// Waits that end in every possible way while others are served: what was put and not taken is still there.
TEST(BlockingQueueStress, TimeoutsAndStopsLoseNothing) {
  ManualClock clock;
  BlockingQueue<int> queue(2, clock);
  std::atomic<std::size_t> put = 0, taken = 0;
  std::atomic<bool> over = false;
  std::stop_source stop;
  std::mutex stop_mutex;
  const auto token = [&] {
    std::lock_guard lock(stop_mutex);
    return stop.get_token();
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&] {
        while (!over) {
          if (testing::ReasonOf([&] { queue.put(1, {.timeout = 3ms, .stop = token()}); }) == Reason::kOk) ++put;
          if (testing::ReasonOf([&] { queue.put_many({1, 1}, {.timeout = 2ms, .stop = token()}); }) == Reason::kOk)
            put += 2;
        }
      });
      threads.emplace_back([&] {
        while (!over) {
          if (testing::ReasonOf([&] { queue.get({.timeout = 3ms, .stop = token()}); }) == Reason::kOk) ++taken;
          testing::ReasonOf([&] { taken += queue.get_many(2, {.timeout = 2ms, .stop = token()}).size(); });
        }
      });
    }
    int turn = 0;
    testing::Eventually([&] {
      clock.Advance(1ms);
      if (turn % 5 == 0) {
        std::lock_guard lock(stop_mutex);
        stop.request_stop();
        stop = std::stop_source();
      }
      return ++turn >= 1'000 && taken >= 1'000;
    });
    over = true;
    // Time goes on until all are home.
    std::jthread time([&](std::stop_token done) {
      while (!done.stop_requested()) {
        clock.Advance(1ms);
        std::this_thread::yield();
      }
    });
    for (auto& thread : threads) thread.join();
  }
  EXPECT_EQ(put, taken + queue.qsize());
  EXPECT_EQ(put, queue.unfinished());
}

}  // namespace
}  // namespace sluice
