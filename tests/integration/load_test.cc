// What is promised holds under load, over real connections, with every way of putting and getting at once.
#include <algorithm>
#include <cstdint>
#include <future>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <sluice/client.h>

#include "tests/integration/server_fixture.h"

namespace sluice::test {
namespace {

constexpr int kProducers = 6;
constexpr int kItems = 1'500;  // of each producer
constexpr std::uint64_t kAll = std::uint64_t{kProducers} * kItems;
constexpr std::int64_t kMaxsize = 20;  // less than the producers want, so that both sides wait

// An item as it was delivered; in the order of the fences.
struct Got {
  std::uint64_t fence;
  int producer;
  int number;
  auto operator<=>(const Got&) const = default;
};

class LoadTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    Create("q", "maxsize: " + std::to_string(kMaxsize));
    for (int i = 0; i < kProducers; ++i) {
      producers_.push_back(std::async(std::launch::async, [i, queue = Connect()] { Produce(queue, i); }));
    }
  }

  Queue<std::string> Connect() { return Client(TcpAddress()).queue<std::string>("q"); }

  // One by one, in batches and without waiting, by turns.
  static void Produce(const Queue<std::string>& queue, int producer) {
    const std::string name = std::to_string(producer) + " ";
    for (int number = 0; number < kItems;) {
      if (number % 3 == 0) {
        queue.put(name + std::to_string(number++), {.timeout = kPatience});
      } else {
        std::vector<std::string> batch;
        while (number < kItems && batch.size() < 5) batch.push_back(name + std::to_string(number++));
        number % 2 == 0 ? queue.put_many(batch, {.timeout = kPatience})
                        : queue.put_many_async(batch, {.timeout = kPatience}).get();
      }
    }
  }

  void Note(const Task<std::string>& task) {
    const std::string value = task.value();
    const auto space = value.find(' ');
    const std::lock_guard lock(mutex_);
    got_.push_back({task.fence(), std::stoi(value), std::stoi(value.substr(space))});
  }

  // Works until the queue is finished.
  template <typename Work>
  static std::future<void> UntilFinished(Work work) {
    return std::async(std::launch::async, [work = std::move(work)]() mutable {
      try {
        while (true) work();
      } catch (const ShutDown&) {
      }
    });
  }
  void ByOne(const Queue<std::string>& queue) {
    auto task = queue.get({.timeout = kPatience, .until_finished = true});
    Note(task);
    task.done();
  }
  void ByMany(const Queue<std::string>& queue) {
    auto tasks = queue.get_many(7, {.timeout = kPatience, .until_finished = true});
    for (const auto& task : tasks) Note(task);
    queue.done_many(tasks);
  }
  void WithoutWaiting(const Queue<std::string>& queue) {
    auto task = queue.get_async({.timeout = kPatience, .until_finished = true}).get();
    Note(task);
    task.done_nowait();
  }
  void InAdvance(const Consumer<std::string>& consumer) {
    auto task = consumer.get({.timeout = kPatience, .until_finished = true});
    Note(task);
    task.done_nowait();
  }

  void AwaitProducers() {
    for (auto& producer : producers_) producer.get();
    Connect().shutdown();
  }
  std::vector<Got> TakeGot() {
    const std::lock_guard lock(mutex_);
    std::sort(got_.begin(), got_.end());
    return std::move(got_);
  }

 private:
  std::vector<std::future<void>> producers_;
  std::mutex mutex_;
  std::vector<Got> got_;
};

TEST_F(LoadTest, OrderAndBoundAreExactAndEveryItemComesOnce) {
  std::vector<std::future<void>> consumers;
  for (int i = 0; i < 2; ++i) {
    consumers.push_back(UntilFinished([this, queue = Connect()] { ByOne(queue); }));
    consumers.push_back(UntilFinished([this, queue = Connect()] { ByMany(queue); }));
    consumers.push_back(UntilFinished([this, queue = Connect()] { WithoutWaiting(queue); }));
  }
  std::promise<void> over;
  auto watcher = std::async(std::launch::async, [this, end = over.get_future()] {
    std::uint64_t most = 0;
    while (end.wait_for(0s) != std::future_status::ready) most = std::max(most, Stats("q").ready());
    return most;
  });
  AwaitProducers();
  for (auto& consumer : consumers) consumer.get();
  over.set_value();
  EXPECT_LE(watcher.get(), std::uint64_t{kMaxsize});

  std::vector<int> next(kProducers, 0);
  for (const Got& each : TakeGot()) {
    ASSERT_EQ(each.number, next[static_cast<std::size_t>(each.producer)]++) << "of producer " << each.producer;
  }
  EXPECT_EQ(next, std::vector<int>(kProducers, kItems));
  EXPECT_EQ(Connect().join({.timeout = kPatience}).done, kAll);
  EXPECT_EQ(Stats("q").delivered(), kAll);
}

TEST_F(LoadTest, WhatAClientLeavesBehindIsDeliveredAgainAtOnceAndFinishedOnce) {
  std::vector<std::future<void>> consumers;
  for (int i = 0; i < 2; ++i) {
    consumers.push_back(UntilFinished([this, queue = Connect()] { ByOne(queue); }));
    consumers.push_back(
        UntilFinished([this, consumer = Connect().consumer({.prefetch = 10})] { InAdvance(consumer); }));
  }
  // Takes items, also in advance, and goes away without a word about them.
  std::uint64_t left = 0;
  while (Stats("q").done() < kAll / 2) {
    const Client careless(TcpAddress());
    const auto queue = careless.queue<std::string>("q");
    const auto ahead = queue.consumer({.prefetch = 5});
    const auto one = ahead.get({.timeout = kPatience});
    const auto some = queue.get_many(5, {.timeout = kPatience});
    left += 1 + some.size();
    careless.close();
  }
  AwaitProducers();
  for (auto& consumer : consumers) consumer.get();

  std::vector<std::pair<int, int>> items;
  for (const Got& each : TakeGot()) items.emplace_back(each.producer, each.number);
  std::sort(items.begin(), items.end());
  EXPECT_EQ(items.size(), kAll);
  EXPECT_EQ(std::adjacent_find(items.begin(), items.end()), items.end()) << "an item was worked on twice";
  EXPECT_EQ(Connect().join({.timeout = kPatience}).done, kAll);
  EXPECT_GE(Stats("q").redelivered(), left);
  EXPECT_GT(left, 0u);
}

}  // namespace
}  // namespace sluice::test
