// Operations that nobody waits for.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sluice/client.h>

#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::Background;
using testing::Eventually;
using testing::ReasonOf;
using Item = Task<std::string>;

template <typename T>
Reason ReasonIn(std::future<T> future) {
  Eventually([&] { return future.wait_for(0s) == std::future_status::ready; });
  return ReasonOf([&] { future.get(); });
}

class AsyncTest : public ::testing::Test {
 protected:
  AsyncTest() { client_->create("q", {.maxsize = 2}); }
  // After this the thread of callbacks holds nothing of the test any more: tasks that a callback drops need the clock.
  void TearDown() override {
    if (!client_ || !queue_) return;
    const auto last = std::make_shared<std::promise<void>>();
    queue_->join_async({.timeout = 0ms}, [last](Outcome<QueueCounts>) { last->set_value(); });
    last->get_future().wait();
  }

  void UntilSomebodyWaits() {
    Eventually([&] { return queue_->stats().waiting_getters + queue_->stats().waiting_putters == 1; });
  }

  ManualClock clock_;
  std::optional<Client> client_ =
      Client::embedded({.clock = &clock_, .lease = 30s, .put_window = {.puts = 3, .bytes = 1'000}});
  std::optional<Queue<std::string>> queue_ = client_->queue<std::string>("q");
};

TEST_F(AsyncTest, AFutureBringsTheResult) {
  std::future<Item> get = queue_->get_async();
  const std::uint64_t id = queue_->put_async("a").get();
  Item task = get.get();
  EXPECT_EQ(task.id(), id);
  EXPECT_EQ(task.value(), "a");
  std::future<QueueCounts> join = queue_->join_async();
  std::move(task).done_async().get();
  EXPECT_EQ(join.get().done, 1u);
  EXPECT_EQ(queue_->put_many_async({"b", "c"}).get(), (std::vector{id + 1, id + 2}));
  EXPECT_EQ(queue_->get_many_async(5).get().size(), 2u);
}

TEST_F(AsyncTest, AFutureBringsEveryError) {
  std::future<Item> get = queue_->get_async({.timeout = 5s});
  clock_.Advance(5s);
  EXPECT_EQ(ReasonIn(std::move(get)), Reason::kEmpty);
  EXPECT_EQ(ReasonIn(queue_->get_async({.timeout = -1ms})), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonIn(queue_->put_async(std::string(5 << 20, 'x'))), Reason::kTooLarge);
  EXPECT_EQ(ReasonIn(queue_->put_many_async({"a", "b", "c"})), Reason::kTooLarge);
  queue_->put("a");
  EXPECT_EQ(ReasonIn(queue_->join_async({.timeout = 0ms})), Reason::kTimeout);
}

TEST_F(AsyncTest, CallbacksComeOnceAndInTheThreadForThem) {
  std::vector<std::thread::id> threads;
  std::vector<std::uint64_t> ids;
  std::atomic<int> calls = 0;
  for (int i = 0; i < 2; ++i) {
    queue_->put_async("a", {}, [&](Outcome<std::uint64_t> outcome) {
      threads.push_back(std::this_thread::get_id());
      ids.push_back(std::move(outcome).get());
      ++calls;
    });
  }
  Eventually([&] { return calls == 2; });
  EXPECT_EQ(ids.at(0) + 1, ids.at(1));
  EXPECT_EQ(threads.at(0), threads.at(1));
  EXPECT_NE(threads.at(0), std::this_thread::get_id());
}

TEST_F(AsyncTest, ACallbackMayUseTheClientAndWait) {
  std::promise<std::string> got;
  queue_->put_async("a", {}, [&](Outcome<std::uint64_t>) {
    std::string value;
    {
      Item task = queue_->get();
      value = task.value();
      task.done();
    }
    got.set_value(value);  // the last thing: the test, and its clock, end with it
  });
  EXPECT_EQ(got.get_future().get(), "a");
}

TEST_F(AsyncTest, AHandlerNeedNotBeCopyable) {
  std::promise<std::size_t> got;
  auto future = got.get_future();
  queue_->put_many_async({"a", "b"}, {}, [](Outcome<std::vector<std::uint64_t>>) {});
  queue_->get_many_async(2, {}, [got = std::move(got)](Outcome<std::vector<Item>> outcome) mutable {
    got.set_value(std::move(outcome).get().size());
  });
  EXPECT_EQ(future.get(), 2u);
}

TEST_F(AsyncTest, MistakesAreThrownAtOnceAndNothingIsCalled) {
  const auto never = [](auto) { FAIL(); };
  EXPECT_EQ(ReasonOf([&] { queue_->get_async({.timeout = -1ms}, never); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { queue_->get_many_async(0, {}, never); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([&] { queue_->put_many_async({}, {}, never); }), Reason::kInvalidArgument);
  queue_->put("a");
  Item task = queue_->get();
  task.done();
  EXPECT_THROW(std::move(task).done_async(never), std::logic_error);
}

TEST_F(AsyncTest, AStoppedGetLosesNoItem) {
  std::stop_source stop;
  std::future<Item> get = queue_->get_async({.stop = stop.get_token()});
  stop.request_stop();
  EXPECT_EQ(ReasonIn(std::move(get)), Reason::kCancelled);
  EXPECT_EQ(ReasonIn(queue_->get_async({.stop = stop.get_token()})), Reason::kCancelled);
  queue_->put("a");
  EXPECT_EQ(queue_->get_nowait().attempt(), 1u);
}

TEST_F(AsyncTest, AStopAfterTheEndDoesNothing) {
  std::stop_source stop;
  std::future<Item> get = queue_->get_async({.stop = stop.get_token()});
  queue_->put("a");
  stop.request_stop();
  EXPECT_EQ(get.get().value(), "a");
}

TEST_F(AsyncTest, ATaskThatNobodyTakesGoesBack) {
  queue_->put("a");
  queue_->get_async({.timeout = 0ms});  // the future is dropped
  EXPECT_EQ(queue_->get_nowait().value(), "a");
  std::promise<void> called;
  queue_->get_async({}, [&](Outcome<Item>) { called.set_value(); });
  called.get_future().get();
  Eventually([&] { return queue_->stats().ready == 1; });
}

TEST_F(AsyncTest, AGetOfManyLingers) {
  std::future<std::vector<Item>> get = queue_->get_many_async(3, {.min_items = 2, .linger = 5s});
  queue_->put("a");
  EXPECT_EQ(queue_->stats().leased, 1u);
  EXPECT_EQ(queue_->stats().waiting_getters, 1u);
  queue_->put("b");
  EXPECT_EQ(get.get().size(), 2u);
  get = queue_->get_many_async(3, {.linger = 5s});
  clock_.Advance(5s);
  EXPECT_EQ(get.get().size(), 2u) << "what went back is there, what did not come is not waited for";
  get = queue_->get_many_async(3, {.linger = 5s});
  queue_->shutdown();
  EXPECT_EQ(get.get().size(), 2u);
}

TEST_F(AsyncTest, AnAsynchronousDecisionTakesTheTask) {
  queue_->put_many({"a", "b"});
  queue_->update({.max_attempts = 1});
  Item a = queue_->get();
  Item b = queue_->get();
  std::move(a).done_async().get();
  std::move(b).fail_async("no").get();
  EXPECT_EQ(queue_->stats().done, 1u);
  EXPECT_EQ(queue_->stats().dead, 1u);
  EXPECT_EQ(ReasonOf([&] { EXPECT_THROW(std::move(a).done_async().get(), std::logic_error); }), Reason::kOk);
}

TEST_F(AsyncTest, ALostLeaseIsToldByTheOutcome) {
  queue_->put_many({"a", "b"});
  Item a = queue_->get();
  Item b = queue_->get();
  queue_->release(a.fence());
  EXPECT_EQ(ReasonIn(std::move(a).done_async()), Reason::kLeaseLost);
  clock_.Advance(31s);
  std::promise<Reason> reason;
  std::move(b).done_async(
      [&](Outcome<void> outcome) { reason.set_value(ReasonOf([&] { std::move(outcome).get(); })); });
  EXPECT_EQ(reason.get_future().get(), Reason::kLeaseLost);
}

TEST_F(AsyncTest, TheWindowBoundsWhatIsUnanswered) {
  queue_->put_many({"a", "b"});
  std::atomic<int> ended = 0;
  const auto count = [&](Outcome<std::uint64_t>) { ++ended; };
  for (int i = 0; i < 3; ++i) queue_->put_async("c", {}, count);
  EXPECT_EQ(ReasonOf([&] { queue_->put_async("d", {}, count); }), Reason::kLimitReached);
  Background blocked([&] { queue_->put_async("e").get(); });
  std::stop_source stop;
  Background stopped([&] { queue_->put_async("f", {.stop = stop.get_token()}).get(); });
  stop.request_stop();
  EXPECT_EQ(stopped.Ended(), Reason::kCancelled);
  EXPECT_TRUE(blocked.Running());
  EXPECT_EQ(queue_->stats().waiting_putters, 3u);
  for (int i = 0; i < 6; ++i) queue_->get().done();
  EXPECT_EQ(blocked.Ended(), Reason::kOk);
  Eventually([&] { return ended == 3; });
}

TEST_F(AsyncTest, TheWindowBoundsBytesAndLetsALargePutInAlone) {
  queue_->put_many({"a", "b"});
  const auto ignore = [](Outcome<std::uint64_t>) {};
  queue_->put_async(std::string(5'000, 'x'), {}, ignore);
  EXPECT_EQ(ReasonOf([&] { queue_->put_async("c", {}, ignore); }), Reason::kLimitReached);
  for (int i = 0; i < 3; ++i) queue_->get().done();
  queue_->put_async("c", {}, ignore);
}

TEST_F(AsyncTest, APutThatIsRefusedLeavesTheWindow) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(ReasonIn(client_->queue<std::string>("nowhere").put_async("a")), Reason::kQueueNotFound);
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(ReasonIn(queue_->put_async("a", {.stop = stop.get_token()})), Reason::kCancelled);
  }
}

TEST_F(AsyncTest, AWindowOfNothingIsRefused) {
  EXPECT_EQ(ReasonOf([] { Client::embedded({.put_window = {.puts = 0}}); }), Reason::kInvalidArgument);
  EXPECT_EQ(ReasonOf([] { Client client("h:1", {.put_window = {.bytes = 0}}); }), Reason::kInvalidArgument);
}

TEST_F(AsyncTest, CloseEndsWhatIsOnItsWay) {
  std::future<Item> get = queue_->get_async();
  client_->close();
  EXPECT_EQ(ReasonIn(std::move(get)), Reason::kCancelled);
  EXPECT_EQ(ReasonIn(queue_->put_async("a")), Reason::kCancelled);
}

TEST_F(AsyncTest, WhoOnlyWaitsDoesNotKeepTheClient) {
  std::future<Item> get = queue_->get_async();
  std::promise<Reason> reason;
  queue_->get_async({}, [&](Outcome<Item> outcome) { reason.set_value(ReasonOf([&] { std::move(outcome).get(); })); });
  queue_.reset();
  client_.reset();
  EXPECT_EQ(ReasonIn(std::move(get)), Reason::kCancelled);
  EXPECT_EQ(reason.get_future().get(), Reason::kCancelled);
}

TEST_F(AsyncTest, TheLastHandleMayGoInACallback) {
  std::promise<void> gone;
  queue_->put_async("a", {}, [&](Outcome<std::uint64_t>) {
    queue_.reset();
    client_.reset();
    gone.set_value();
  });
  gone.get_future().get();
}

}  // namespace
}  // namespace sluice
