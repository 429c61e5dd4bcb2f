// What threads use queues for: the classic programs of Python's guides.
#include <sluice/blocking_queue.h>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using testing::kPatience;

// Producers and consumers; the end is told by one sentinel for each consumer.
TEST(BlockingQueuePrograms, ProducersAndConsumersWithSentinels) {
  BlockingQueue<std::optional<int>> queue(5);
  std::vector<long> sums(3);
  std::vector<std::jthread> consumers;
  for (long& sum : sums) {
    consumers.emplace_back([&] {
      while (const std::optional<int> item = queue.get()) {
        sum += *item * *item;
        queue.task_done();
      }
      queue.task_done();
    });
  }
  {
    std::vector<std::jthread> producers;
    for (int i = 0; i < 2; ++i) {
      producers.emplace_back([&] {
        for (int item = 1; item <= 100; ++item) queue.put(item);
      });
    }
  }
  for (std::size_t i = 0; i < sums.size(); ++i) queue.put(std::nullopt);
  queue.join({.timeout = kPatience});
  for (auto& consumer : consumers) consumer.join();
  EXPECT_EQ(sums[0] + sums[1] + sums[2], 2 * 338'350);
}

// The same without sentinels, ended by a stop: what was put and not taken is still there.
TEST(BlockingQueuePrograms, ProducersAndConsumersUntilTheyAreStopped) {
  BlockingQueue<int> queue(10);
  long produced = 0, consumed = 0;
  {
    std::jthread producer([&](std::stop_token stop) {
      const WaitOptions options{.stop = stop};
      testing::ReasonOf([&] {
        for (;; ++produced) queue.put(1, options);
      });
    });
    std::jthread consumer([&](std::stop_token stop) {
      const WaitOptions options{.stop = stop};
      testing::ReasonOf([&] {
        for (;; queue.task_done()) consumed += queue.get(options);
      });
    });
    testing::Eventually([&] { return queue.full() || queue.waiting_getters() > 0; });
  }  // both are asked to stop, and joined
  EXPECT_EQ(produced, consumed + static_cast<long>(queue.qsize()));
  EXPECT_EQ(queue.unfinished(), queue.qsize());
}

// A consumer that starts after the shutdown still gets everything.
TEST(BlockingQueuePrograms, ShutdownBeforeTheConsumerStarts) {
  BlockingQueue<int> queue;
  queue.put_many({1, 2, 3, 4});
  queue.shutdown();
  std::vector<int> got;
  std::jthread consumer([&] {
    try {
      while (true) {
        got.push_back(queue.get());
        queue.task_done();
      }
    } catch (const ShutDown&) {
    }
  });
  queue.join({.timeout = kPatience});
  consumer.join();
  EXPECT_EQ(got, (std::vector{1, 2, 3, 4}));
}

// download -> resize -> upload: each stage is shut down and joined, and its worker ends by itself.
TEST(BlockingQueuePrograms, PipelineOfStoppableWorkers) {
  using Item = std::unique_ptr<int>;
  using Queue = BlockingQueue<Item>;
  const auto work = [](Queue& in, Queue& out, int step) {
    try {
      while (true) {
        Item item = in.get();
        *item += step;
        out.put(std::move(item));
        in.task_done();
      }
    } catch (const ShutDown&) {
    }
  };
  Queue download, resize(100), upload(100), done;
  std::vector<std::jthread> workers;
  for (int i = 0; i < 2; ++i) {
    workers.emplace_back([&] { work(download, resize, 1); });
    workers.emplace_back([&] { work(resize, upload, 10); });
    workers.emplace_back([&] { work(upload, done, 100); });
  }
  for (int i = 0; i < 1'000; ++i) download.put(std::make_unique<int>(0));
  for (Queue* stage : {&download, &resize, &upload}) {
    stage->shutdown();
    stage->join({.timeout = kPatience});
  }
  done.shutdown();
  int finished = 0;
  try {
    while (true) {
      EXPECT_EQ(*done.get(), 111);
      done.task_done();
      ++finished;
    }
  } catch (const ShutDown&) {
  }
  done.join({.timeout = kPatience});
  EXPECT_EQ(finished, 1'000);
}

}  // namespace
}  // namespace sluice
