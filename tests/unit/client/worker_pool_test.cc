#include <sluice/worker_pool.h>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sluice/client.h>
#include <sluice/mutex.h>

#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::Background;
using testing::Eventually;
using testing::ReasonOf;

class WorkerPoolTest : public ::testing::Test {
 protected:
  void SetUp() override { client_.create("q"); }

  void PutMany(int count) {
    for (int i = 0; i < count; ++i) queue_.put(std::to_string(i));
  }

  ManualClock clock_;
  Client client_ = Client::embedded({.clock = &clock_, .lease = 30s});
  Queue<std::string> queue_ = client_.queue<std::string>("q");
};

TEST_F(WorkerPoolTest, AHandlerThatReturnsHasDoneTheItem) {
  std::atomic<int> worked = 0;
  WorkerPool pool(queue_, 3, [&](Task<std::string>&) { ++worked; });
  PutMany(50);
  EXPECT_EQ(queue_.join().done, 50u);
  EXPECT_EQ(worked, 50);
  pool.stop();
  EXPECT_EQ(pool.counts().done, 50u);
}

TEST_F(WorkerPoolTest, AHandlerThatThrowsFailsTheItemWithItsText) {
  queue_.update({.max_attempts = 2});
  std::atomic<int> attempts = 0;
  WorkerPool pool(queue_, 1, [&](Task<std::string>&) {
    if (++attempts == 1) queue_.pause();  // so that the error can be seen
    throw std::runtime_error("out of paper");
  });
  queue_.put("a");
  Eventually([&] {
    const auto ready = queue_.peek();  // none while the worker has it
    return !ready.empty() && !ready.at(0).last_error.empty();
  });
  EXPECT_EQ(queue_.peek().at(0).last_error, "out of paper");
  queue_.resume();
  EXPECT_EQ(queue_.join().dead, 1u);
  pool.stop();
  EXPECT_EQ(pool.counts().failed, 2u);
}

TEST_F(WorkerPoolTest, AnythingMayBeThrown) {
  queue_.update({.max_attempts = 1});
  WorkerPool pool(queue_, 1, [](Task<std::string>&) { throw 7; });
  queue_.put("a");
  EXPECT_EQ(queue_.join().dead, 1u);
}

TEST_F(WorkerPoolTest, AHandlerMayDecideItself) {
  queue_.update({.max_attempts = 1});
  WorkerPool pool(queue_, 1, [&](Task<std::string>& task) {
    if (task.value() == "fail") return task.fail("I say so");
    if (task.value() == "release") {
      queue_.pause();
      return task.release();
    }
    task.done();
    throw std::runtime_error("after the decision it is too late");
  });
  for (const char* item : {"done", "fail", "release"}) queue_.put(item);
  Eventually([&] { return pool.counts().released == 1; });
  EXPECT_EQ(pool.counts().done, 1u);
  EXPECT_EQ(pool.counts().failed, 1u);
  EXPECT_EQ(queue_.qsize(), 1u);
}

TEST_F(WorkerPoolTest, AHandlerMayTakeTheTaskAwayAndDecideLater) {
  std::optional<Task<std::string>> kept;
  Mutex mutex;
  WorkerPool pool(queue_, 1, [&](Task<std::string>& task) {
    MutexLock lock(mutex);
    kept = std::move(task);
  });
  queue_.put("a");
  Eventually([&] {
    MutexLock lock(mutex);
    return kept.has_value();
  });
  pool.stop();
  EXPECT_EQ(queue_.stats().leased, 1u);
  kept->done();
  EXPECT_EQ(queue_.stats().done, 1u);
}

TEST_F(WorkerPoolTest, ItEndsByItselfWhenTheQueueIsShutDownAndFinished) {
  WorkerPool pool(queue_, 3, [](Task<std::string>&) {});
  PutMany(20);
  queue_.shutdown();
  pool.wait();
  EXPECT_EQ(queue_.stats().done, 20u);
}

TEST_F(WorkerPoolTest, AnItemOfACrashedColleagueStillFindsAWorker) {
  queue_.put("a");
  std::optional colleague = queue_.get();
  queue_.shutdown();
  WorkerPool pool(queue_, 2, [](Task<std::string>&) {});
  Eventually([&] { return queue_.stats().waiting_getters == 2; });
  colleague.reset();
  pool.wait();
  EXPECT_EQ(pool.counts().done, 1u);
}

TEST_F(WorkerPoolTest, ItEndsByItselfWhenTheQueueIsDeleted) {
  WorkerPool pool(queue_, 2, [](Task<std::string>&) {});
  Eventually([&] { return queue_.stats().waiting_getters == 2; });
  client_.remove("q");
  pool.wait();
}

TEST_F(WorkerPoolTest, AQueueThatWasNeverThereIsAnError) {
  WorkerPool pool(client_.queue<std::string>("nowhere"), 2, [](auto&) {});
  EXPECT_EQ(ReasonOf([&] { pool.wait(); }), Reason::kQueueNotFound);
}

TEST_F(WorkerPoolTest, StopFinishesWhatRunsAndTakesNothingMore) {
  std::atomic<bool> running = false;
  std::atomic<bool> go_on = false;
  WorkerPool pool(queue_, 1, [&](Task<std::string>&) {
    running = true;
    Eventually([&] { return go_on.load(); });
  });
  PutMany(3);
  Eventually([&] { return running.load(); });
  pool.request_stop();  // before the handler may end: or it would be free to take the next task
  Background stop([&] { pool.stop(); });
  EXPECT_TRUE(stop.Running());
  go_on = true;
  EXPECT_EQ(stop.Ended(), Reason::kOk);
  const QueueStats stats = queue_.stats();
  EXPECT_EQ(stats.done, 1u);
  EXPECT_EQ(stats.ready, 2u);
  EXPECT_EQ(stats.leased, 0u);
}

TEST_F(WorkerPoolTest, TheDestructorStops) {
  {
    const WorkerPool pool(queue_, 4, [](auto&) {});
  }
  EXPECT_EQ(queue_.stats().waiting_getters, 0u);
}

TEST_F(WorkerPoolTest, AHandlerMayStopAndDestroyItsPool) {
  // On the real clock: the thread outlives the pool and the test by a moment, and must not outlive a clock that it
  // borrows. It is the last to hold the client, and is joined at the end of the process.
  const auto queue = Client::embedded().queue<std::string>("q", QueueSettings{});
  std::unique_ptr<WorkerPool> pool;
  std::atomic<bool> gone = false;
  Mutex mutex;
  mutex.lock();
  pool = std::make_unique<WorkerPool>(queue, 2, [&](Task<std::string>& task) {
    { MutexLock until_it_is_there(mutex); }
    pool->stop();
    task.done();
    pool.reset();
    gone = true;
  });
  mutex.unlock();
  queue.put("a");
  Eventually([&] { return gone.load(); });
}

TEST_F(WorkerPoolTest, WorkWhoseLeaseWasLostIsCountedAsLost) {
  std::atomic<bool> first = true;
  std::atomic<bool> saw_the_stop = false;
  WorkerPool pool(queue_, 1, [&](Task<std::string>& task) {
    if (!first.exchange(false)) return;
    const std::stop_token token = task.stop_token();
    clock_.Advance(31s);
    saw_the_stop = token.stop_requested();
  });
  queue_.put("a");
  EXPECT_EQ(queue_.join().done, 1u);
  pool.stop();
  EXPECT_TRUE(saw_the_stop);
  EXPECT_EQ(pool.counts().lost, 1u);
  EXPECT_EQ(pool.counts().done, 1u);
}

TEST_F(WorkerPoolTest, ArgumentsThatMakeNoSenseAreRefused) {
  EXPECT_EQ(ReasonOf([&] { WorkerPool pool(queue_, 0, [](auto&) {}); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { WorkerPool pool(queue_, 1, nullptr); }), Reason::kInvalidArgument);
}

TEST_F(WorkerPoolTest, PoolsCanBeMoved) {
  std::vector<WorkerPool> pools;
  pools.emplace_back(queue_, 1, [](auto&) {});
  pools.emplace_back(queue_, 1, [](auto&) {});
  PutMany(5);
  queue_.shutdown();
  for (WorkerPool& pool : pools) pool.wait();
  EXPECT_EQ(pools[0].counts().done + pools[1].counts().done, 5u);
}

}  // namespace
}  // namespace sluice
