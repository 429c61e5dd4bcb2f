// Items whose moves throw: the exception reaches the thread whose item it is; nobody else notices.
#include <sluice/blocking_queue.h>

#include <gtest/gtest.h>

#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using testing::Eventually;

// A type without moves of its own: they copy, and copying can fail. A failed copy leaves its source as it was.
struct Fragile {
  explicit Fragile(int number) : value(number) {}
  Fragile(const Fragile& other) : value(other.value) {
    if (armed && value == bad) throw std::runtime_error("copy failed");
  }
  Fragile& operator=(const Fragile&) = default;

  static inline bool armed = false;
  static constexpr int bad = 13;
  int value;
};

class BlockingQueueException : public ::testing::Test {
 protected:
  ~BlockingQueueException() override { Fragile::armed = false; }
  BlockingQueue<Fragile> queue_{1};
};

TEST_F(BlockingQueueException, APutThatThrowsAddsNothing) {
  Fragile::armed = true;
  EXPECT_THROW(queue_.put(Fragile(Fragile::bad)), std::runtime_error);
  EXPECT_EQ(queue_.unfinished(), 0u);
  queue_.put(Fragile(1));
  EXPECT_EQ(queue_.get().value, 1);
}

TEST_F(BlockingQueueException, AGetThatThrowsTakesNothing) {
  queue_.put(Fragile(Fragile::bad));
  Fragile::armed = true;
  EXPECT_THROW(queue_.get(), std::runtime_error);
  EXPECT_EQ(queue_.qsize(), 1u);
  EXPECT_THROW(queue_.task_done(), InvalidArgument);
  Fragile::armed = false;
  EXPECT_EQ(queue_.get().value, Fragile::bad);
}

TEST_F(BlockingQueueException, AWaitingPutterGetsItsOwnException) {
  queue_.put(Fragile(1));
  std::string error;
  std::jthread putter([&] {
    try {
      queue_.put(Fragile(Fragile::bad));
    } catch (const std::runtime_error& e) {
      error = e.what();
    }
  });
  Eventually([this] { return queue_.waiting_putters() == 1; });
  Fragile::armed = true;
  EXPECT_EQ(queue_.get().value, 1);  // serves the putter: not this thread's trouble
  putter.join();
  EXPECT_EQ(error, "copy failed");
  EXPECT_TRUE(queue_.empty());
  queue_.put_nowait(Fragile(2));
}

// A policy of one's own, here one that has no memory for batches.
struct OneByOne {
  template <typename T>
  struct Items : Fifo::Items<T> {
    void Add(std::span<T> batch) {
      if (batch.size() > 1) throw std::bad_alloc();
      Fifo::Items<T>::Add(batch);
    }
  };
};

TEST(BlockingQueueOutOfMemory, ABatchStaysWithItsCaller) {
  BlockingQueue<std::string, OneByOne> queue(2);
  std::vector<std::string> batch{"one", "two"};
  EXPECT_THROW(queue.put_many(std::move(batch)), std::bad_alloc);
  EXPECT_EQ(batch, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(queue.unfinished(), 0u);
}

TEST(BlockingQueueOutOfMemory, AWaitingBatchThatFailsLetsThoseBehindItIn) {
  BlockingQueue<std::string, OneByOne> queue(2);
  queue.put("first");
  bool failed = false;
  std::jthread batch([&] {
    try {
      queue.put_many({"one", "two"});
    } catch (const std::bad_alloc&) {
      failed = true;
    }
  });
  Eventually([&] { return queue.waiting_putters() == 1; });
  std::jthread single([&] { queue.put("three"); });
  Eventually([&] { return queue.waiting_putters() == 2; });
  EXPECT_EQ(queue.get(), "first");
  batch.join();
  single.join();
  EXPECT_TRUE(failed);
  EXPECT_EQ(queue.get_many(9), (std::vector<std::string>{"three"}));
}

}  // namespace
}  // namespace sluice
