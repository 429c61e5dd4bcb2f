// Every wait ends by its stop token, and nothing is lost by it.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <sluice/client.h>

#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::Background;
using testing::Eventually;
using testing::ReasonOf;

class EmbeddedStopTest : public ::testing::Test {
 protected:
  void SetUp() override { client_.create("q", {.maxsize = 1}); }

  Client client_ = Client::embedded();
  Queue<std::string> queue_ = client_.queue<std::string>("q");
  std::stop_source stop_;
};

TEST_F(EmbeddedStopTest, AGetEnds) {
  Background get([&] { queue_.get({.stop = stop_.get_token()}); });
  Eventually([&] { return queue_.stats().waiting_getters == 1; });
  stop_.request_stop();
  EXPECT_EQ(get.Ended(), Reason::kCancelled);
  EXPECT_EQ(queue_.stats().waiting_getters, 0u);
}

TEST_F(EmbeddedStopTest, APutEndsAndAddsNothing) {
  queue_.put("a");
  Background put([&] { queue_.put("b", {.stop = stop_.get_token()}); });
  Eventually([&] { return queue_.stats().waiting_putters == 1; });
  stop_.request_stop();
  EXPECT_EQ(put.Ended(), Reason::kCancelled);
  EXPECT_EQ(queue_.stats().put, 1u);
}

TEST_F(EmbeddedStopTest, AJoinEnds) {
  queue_.put("a");
  Background join([&] { queue_.join({.stop = stop_.get_token()}); });
  Eventually([&] { return queue_.stats().waiting_joiners == 1; });
  stop_.request_stop();
  EXPECT_EQ(join.Ended(), Reason::kCancelled);
}

TEST_F(EmbeddedStopTest, ATokenThatIsStoppedBeforeEndsTheCallBeforeItTakesAnything) {
  queue_.put("a");
  stop_.request_stop();
  EXPECT_EQ(ReasonOf([&] { queue_.get({.stop = stop_.get_token()}); }), Reason::kCancelled);
  EXPECT_EQ(queue_.qsize(), 1u);
}

TEST_F(EmbeddedStopTest, AStopThatRacesWithAnItemLosesNothing) {
  client_.update("q", {.maxsize = 0});
  int got = 0;
  constexpr int kRounds = 200;
  for (int round = 0; round < kRounds; ++round) {
    std::stop_source stop;
    std::atomic<int> taken = 0;
    std::thread getter([&] {
      try {
        queue_.get({.stop = stop.get_token()}).done();
        ++taken;
      } catch (const Cancelled&) {
      }
    });
    std::thread putter([&] { queue_.put("a"); });
    stop.request_stop();
    getter.join();
    putter.join();
    got += taken;
  }
  EXPECT_EQ(queue_.qsize() + static_cast<std::size_t>(got), static_cast<std::size_t>(kRounds));
  EXPECT_EQ(queue_.stats().leased, 0u);
}

}  // namespace
}  // namespace sluice
