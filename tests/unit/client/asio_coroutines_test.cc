// The operations in C++20 coroutines.
#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include <sluice/asio.h>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using asio::awaitable;
using asio::use_awaitable;

class AsioCoroutinesTest : public ::testing::Test {
 protected:
  AsioCoroutinesTest() { client_.create("q", {.maxsize = 2}); }
  // Runs it to its end; what it throws passes through.
  void Run(awaitable<void> coroutine) {
    bool ended = false;
    std::exception_ptr error;
    asio::co_spawn(io_, std::move(coroutine), [&](std::exception_ptr how) {
      ended = true;
      error = how;
    });
    io_.run_for(testing::kPatience);
    io_.restart();
    if (!ended) client_.close();
    ASSERT_TRUE(ended);
    if (error) std::rethrow_exception(error);
  }

  asio::io_context io_;
  Client client_ = Client::embedded();
  Queue<std::string> queue_ = client_.queue<std::string>("q");
};

TEST_F(AsioCoroutinesTest, AProducerAndAWorkerShareAThread) {
  constexpr int kItems = 100;
  std::string got;
  std::string put;
  const auto produce = [&]() -> awaitable<void> {
    for (int i = 0; i < kItems; ++i) {
      co_await async_put(queue_, std::to_string(i), use_awaitable);
      put += std::to_string(i);
    }
  };
  const auto work = [&]() -> awaitable<void> {
    for (int i = 0; i < kItems; ++i) {
      auto task = co_await async_get(queue_, use_awaitable);
      got += task.value();
      co_await async_done(std::move(task), use_awaitable);
    }
    EXPECT_EQ((co_await async_join(queue_, use_awaitable)).done, 100u);
  };
  using asio::experimental::awaitable_operators::operator&&;
  Run(produce() && work());
  EXPECT_EQ(got, put);
}

TEST_F(AsioCoroutinesTest, ErrorsAreTheExceptionsOfTheBlockingCalls) {
  Run([&]() -> awaitable<void> {
    bool empty = false;
    try {
      co_await async_get(queue_, {.timeout = 0ms}, use_awaitable);
    } catch (const Empty&) {
      empty = true;
    }
    EXPECT_TRUE(empty);
  }());
  EXPECT_THROW(Run([&]() -> awaitable<void> {
                 client_.remove("q");
                 co_await async_put(queue_, "a", use_awaitable);
               }()),
               QueueNotFound);
}

TEST_F(AsioCoroutinesTest, AGetThatLosesARaceLosesNoItem) {
  using asio::experimental::awaitable_operators::operator||;
  Run([&]() -> awaitable<void> {
    asio::steady_timer timer(io_, 1ms);
    const auto first = co_await (async_get(queue_, use_awaitable) || timer.async_wait(use_awaitable));
    EXPECT_EQ(first.index(), 1u);
  }());
  EXPECT_EQ(queue_.stats().waiting_getters, 0u);
  queue_.put("a");
  EXPECT_EQ(queue_.get_nowait().attempt(), 1u);
}

}  // namespace
}  // namespace sluice
