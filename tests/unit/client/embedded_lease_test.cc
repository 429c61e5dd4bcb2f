// Task<T>: leases kept, lost, decided and dropped.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>

#include <sluice/client.h>

#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::Background;
using testing::Eventually;
using testing::ReasonOf;

class EmbeddedLeaseTest : public ::testing::Test {
 protected:
  // A step longer than the lease: to the server the client was silent for so long.
  void LoseTheSession() { clock_.Advance(31s); }

  ManualClock clock_;
  Client client_ = Client::embedded({.clock = &clock_, .lease = 30s});
  Queue<std::string> queue_ = client_.queue<std::string>("q", QueueSettings{});
};

TEST_F(EmbeddedLeaseTest, LongWorkKeepsItsLease) {
  queue_.put("a");
  auto task = queue_.get();
  for (int i = 0; i < 100; ++i) clock_.Advance(29s);
  EXPECT_FALSE(task.stop_token().stop_requested());
  EXPECT_EQ(ReasonOf([&] { queue_.get_nowait(); }), Reason::kEmpty);
  task.done();
  EXPECT_EQ(queue_.stats().done, 1u);
}

TEST_F(EmbeddedLeaseTest, ATaskDroppedWithoutADecisionIsReleased) {
  queue_.put("a");
  { const auto task = queue_.get(); }
  auto again = queue_.get_nowait();
  EXPECT_EQ(again.attempt(), 1u) << "the attempt is not counted";
  again.done();
}

TEST_F(EmbeddedLeaseTest, AMovedTaskIsReleasedOnceByItsLastOwner) {
  queue_.put("a");
  queue_.put("b");
  auto task = queue_.get();
  auto other = std::move(task);
  EXPECT_EQ(queue_.stats().leased, 1u);
  other = queue_.get();  // "a" goes back
  EXPECT_EQ(other.value(), "b");
  EXPECT_EQ(queue_.get_nowait().value(), "a");
}

TEST_F(EmbeddedLeaseTest, ASecondDecisionIsAMistakeOfTheProgram) {
  queue_.put("a");
  auto task = queue_.get();
  EXPECT_FALSE(task.decided());
  task.done();
  EXPECT_TRUE(task.decided());
  EXPECT_THROW(task.done(), std::logic_error);
  EXPECT_THROW(task.fail("no"), std::logic_error);
  EXPECT_THROW(task.release(), std::logic_error);
  auto moved = std::move(task);
  EXPECT_THROW(task.done(), std::logic_error);
}

TEST_F(EmbeddedLeaseTest, FailRetriesUntilTheAttemptsAreUsedUp) {
  queue_.put("a");
  queue_.update({.max_attempts = 2});
  queue_.get().fail("first");
  EXPECT_EQ(queue_.peek().at(0).last_error, "first");
  auto second = queue_.get();
  EXPECT_EQ(second.attempt(), 2u);
  second.fail("second");
  EXPECT_EQ(queue_.stats().dead, 1u);
  EXPECT_EQ(queue_.stats().unfinished, 0u);
}

TEST_F(EmbeddedLeaseTest, ALostLeaseStopsItsTokenAndIsDeliveredAgain) {
  queue_.put("a");
  auto task = queue_.get();
  const std::stop_token token = task.stop_token();
  LoseTheSession();
  EXPECT_TRUE(token.stop_requested());
  EXPECT_EQ(ReasonOf([&] { task.done(); }), Reason::kLeaseLost);
  EXPECT_TRUE(task.decided());
  EXPECT_EQ(ReasonOf([&] { task.done(); }), Reason::kLeaseLost) << "not a second decision";
  auto again = queue_.get_nowait();
  EXPECT_EQ(again.attempt(), 2u);
  EXPECT_GT(again.fence(), task.fence());
  again.done();
}

TEST_F(EmbeddedLeaseTest, ATokenAskedForAfterTheLossIsStopped) {
  queue_.put("a");
  auto task = queue_.get();
  LoseTheSession();
  EXPECT_TRUE(task.stop_token().stop_requested());
}

TEST_F(EmbeddedLeaseTest, ALostTaskThatIsDroppedTouchesNobodysItem) {
  queue_.put("a");
  std::optional task = queue_.get();
  LoseTheSession();
  auto again = queue_.get_nowait();
  task.reset();
  EXPECT_EQ(queue_.stats().leased, 1u);
  again.done();
}

TEST_F(EmbeddedLeaseTest, ABlockedGetOutlivesTheLossOfTheSession) {
  client_.create("q");
  std::string got;
  Background get([&] { got = queue_.pop(); });
  Eventually([&] { return queue_.stats().waiting_getters == 1; });
  LoseTheSession();
  EXPECT_TRUE(get.Running());
  queue_.put("a");
  EXPECT_EQ(get.Ended(), Reason::kOk);
  EXPECT_EQ(got, "a");
}

TEST_F(EmbeddedLeaseTest, AFenceSettlesALeaseThatIsNotInATask) {
  queue_.put("a");
  queue_.put("b");
  auto a = queue_.get();
  auto b = queue_.get();
  queue_.task_done(a.fence());
  EXPECT_EQ(queue_.extend(b.fence(), 5s), 5s);
  queue_.fail(b.fence(), "no");
  EXPECT_EQ(ReasonOf([&] { queue_.release(b.fence()); }), Reason::kLeaseLost);
  EXPECT_EQ(ReasonOf([&] { a.done(); }), Reason::kLeaseLost);
  EXPECT_EQ(queue_.stats().done, 1u);
}

TEST_F(EmbeddedLeaseTest, ACallbackOfTheTokenMayNotWaitForTheClient) {
  queue_.put("a");
  auto task = queue_.get();
  Reason reason = Reason::kOk;
  const std::stop_callback callback(task.stop_token(), [&] { reason = ReasonOf([&] { queue_.put("b"); }); });
  LoseTheSession();
  EXPECT_EQ(reason, Reason::kInvalidArgument);
}

TEST_F(EmbeddedLeaseTest, TheLastHandleMayGoInACallbackOfTheToken) {
  auto client = std::make_unique<Client>(Client::embedded({.clock = &clock_}));
  auto task = std::make_unique<Task<std::string>>([&] {
    const auto queue = client->queue<std::string>("q", QueueSettings{});
    queue.put("a");
    return queue.get();
  }());
  client.reset();
  bool gone = false;
  const std::stop_token token = task->stop_token();
  const std::stop_callback callback(token, [&] {
    task.reset();
    gone = true;
  });
  LoseTheSession();
  EXPECT_TRUE(gone);
}

TEST_F(EmbeddedLeaseTest, CloseEndsWaitingCallsAndLosesLeases) {
  queue_.put("a");
  auto task = queue_.get();
  const std::stop_token token = task.stop_token();
  Background get([&] { queue_.get(); });
  Eventually([&] { return queue_.stats().waiting_getters == 1; });
  client_.close();
  client_.close();
  EXPECT_EQ(get.Ended(), Reason::kCancelled);
  EXPECT_TRUE(token.stop_requested());
  EXPECT_EQ(ReasonOf([&] { task.done(); }), Reason::kLeaseLost);
  EXPECT_EQ(ReasonOf([&] { queue_.put("b"); }), Reason::kCancelled);
}

TEST_F(EmbeddedLeaseTest, TasksAndQueuesKeepTheClientAlive) {
  auto task = [] {
    const auto queue = Client::embedded().queue<std::string>("q", QueueSettings{});
    queue.put("a");
    return queue.get();
  }();
  EXPECT_EQ(task.value(), "a");
  task.done();
}

}  // namespace
}  // namespace sluice
