// The operations as Asio's, with several completion tokens.
#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sluice/asio.h>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/use_future.hpp>

#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::Eventually;
using testing::ReasonOf;
using Item = Task<std::string>;

Reason ReasonOfError(const std::exception_ptr& error) {
  return ReasonOf([&] {
    if (error) std::rethrow_exception(error);
  });
}

class AsioTest : public ::testing::Test {
 protected:
  AsioTest() { client_.create("q"); }
  // Until the handlers have run.
  void Run() { io_.run_for(testing::kPatience); }

  ManualClock clock_;
  asio::io_context io_;
  Client client_ = Client::embedded({.clock = &clock_, .put_window = {.puts = 1}});
  Queue<std::string> queue_ = client_.queue<std::string>("q");
};

TEST_F(AsioTest, TheHandlerRunsOnItsExecutorAndRunWaitsForIt) {
  std::optional<std::string> got;
  async_get(queue_, asio::bind_executor(io_, [&](std::exception_ptr error, Item task) {
              EXPECT_FALSE(error);
              got = task.value();
              task.done();
            }));
  std::thread producer([&] {
    Eventually([&] { return queue_.stats().waiting_getters == 1; });
    queue_.put("a");
  });
  Run();
  producer.join();
  EXPECT_EQ(got, "a");
  EXPECT_EQ(queue_.stats().done, 1u);
}

TEST_F(AsioTest, TheHandlerNeverRunsInTheCallThatBeganTheOperation) {
  bool called = false;
  async_put(queue_, "a", asio::bind_executor(io_, [&](std::exception_ptr, std::uint64_t) { called = true; }));
  EXPECT_FALSE(called);
  Run();
  EXPECT_TRUE(called);
}

TEST_F(AsioTest, AStrandIsHonoured) {
  auto strand = asio::make_strand(io_);
  bool inside = false;
  async_join(queue_, asio::bind_executor(
                         strand, [&](std::exception_ptr, QueueCounts) { inside = strand.running_in_this_thread(); }));
  Run();
  EXPECT_TRUE(inside);
}

TEST_F(AsioTest, AHandlerNeedNotBeCopyableNorHaveAnExecutor) {
  std::promise<std::uint64_t> id;
  auto future = id.get_future();
  async_put(queue_, "a",
            [id = std::move(id)](std::exception_ptr, std::uint64_t number) mutable { id.set_value(number); });
  Item task = queue_.get();
  EXPECT_EQ(future.get(), task.id());
}

TEST_F(AsioTest, FuturesBringResultsAndTypedExceptions) {
  EXPECT_EQ(async_put_many(queue_, {"a", "b"}, asio::use_future).get().size(), 2u);
  std::vector<Item> tasks = async_get_many(queue_, 5, asio::use_future).get();
  ASSERT_EQ(tasks.size(), 2u);
  async_done(std::move(tasks[0]), asio::use_future).get();
  async_fail(std::move(tasks[1]), "no", asio::use_future).get();
  EXPECT_EQ(queue_.peek().at(0).last_error, "no");
  Item again = async_get(queue_, asio::use_future).get();
  EXPECT_EQ(again.value(), "b");
  EXPECT_THROW(async_get(queue_, {.timeout = 0ms}, asio::use_future).get(), Empty);
  EXPECT_THROW(async_join(queue_, {.timeout = 0ms}, asio::use_future).get(), Timeout);
  EXPECT_THROW(async_get(queue_, {.timeout = -1ms}, asio::use_future).get(), InvalidArgument);
  again.done();
  EXPECT_THROW(async_done(std::move(again), asio::use_future).get(), std::logic_error);
}

TEST_F(AsioTest, APutBeyondTheWindowIsRefused) {
  client_.update("q", {.maxsize = 1});
  queue_.put("a");
  auto waiting = async_put(queue_, "b", asio::use_future);
  EXPECT_THROW(async_put(queue_, "c", asio::use_future).get(), LimitReached);
  queue_.get().done();
  waiting.get();
}

TEST_F(AsioTest, ACancelledGetLosesNoItem) {
  asio::cancellation_signal signal;
  Reason reason = Reason::kOk;
  async_get(queue_, asio::bind_cancellation_slot(signal.slot(),
                                                 asio::bind_executor(io_, [&](std::exception_ptr error, Item task) {
                                                   reason = ReasonOfError(error);
                                                   EXPECT_THROW(task.done(), std::logic_error) << "no task";
                                                 })));
  signal.emit(asio::cancellation_type::total);
  Run();
  EXPECT_EQ(reason, Reason::kCancelled);
  EXPECT_FALSE(signal.slot().has_handler());
  queue_.put("a");
  EXPECT_EQ(queue_.get_nowait().attempt(), 1u);
}

TEST_F(AsioTest, AStopTokenCancelsBesideASlot) {
  asio::cancellation_signal signal;
  std::stop_source stop;
  Reason reason = Reason::kOk;
  async_get(queue_, {.stop = stop.get_token()},
            asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(io_, [&](std::exception_ptr error, Item) {
                                           reason = ReasonOfError(error);
                                         })));
  stop.request_stop();
  Run();
  EXPECT_EQ(reason, Reason::kCancelled);
}

TEST_F(AsioTest, ATaskWhoseHandlerIsNeverCalledGoesBack) {
  {
    asio::io_context never_run;
    async_get(queue_, asio::bind_executor(never_run, [](std::exception_ptr, Item) { FAIL(); }));
    queue_.put("a");
    EXPECT_EQ(queue_.stats().leased, 1u);
  }
  EXPECT_EQ(queue_.stats().ready, 1u);
}

}  // namespace
}  // namespace sluice
