// A thread that waits in a call looks up from time to time, and may end the call.
#include "client/cpp/src/interruption.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <sluice/client.h>

#include "tests/unit/client/remote_client_fixture.h"
#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::Background;
using testing::ReasonOf;

class Asking final : public detail::Interruption {
 public:
  explicit Asking(std::function<bool()> ask) : ask_(std::move(ask)) {}

 protected:
  bool Ask() override { return ask_(); }

 private:
  std::function<bool()> ask_;
};

bool Yes() { return true; }

class InterruptionTest : public ::testing::Test {
 protected:
  Client client_ = Client::embedded();
  Queue<std::string> queue_ = client_.queue<std::string>("q", QueueSettings{.maxsize = 1});
};

TEST_F(InterruptionTest, EveryCallThatWaitsEnds) {
  queue_.put("a");
  const Client another = Client::embedded();
  const auto empty = another.queue<std::string>("empty", QueueSettings{});
  const auto consumer = empty.consumer();
  const std::function<void()> calls[] = {[&] { empty.get(); },
                                         [&] { empty.get({.timeout = 1h}); },
                                         [&] { empty.get_many(5, {.min_items = 2, .linger = 1h}); },
                                         [&] { empty.pop(); },
                                         [&] { consumer.get(); },
                                         [&] { queue_.put("b"); },
                                         [&] { queue_.join(); }};
  for (const auto& call : calls) {
    const Asking asking(Yes);
    EXPECT_EQ(ReasonOf(call), Reason::kCancelled);
  }
  EXPECT_EQ(empty.stats().waiting_getters, 0u);
  EXPECT_EQ(queue_.stats().waiting_putters, 0u);
  EXPECT_EQ(queue_.stats().waiting_joiners, 0u);
}

TEST_F(InterruptionTest, AnItemThatCameFirstIsHad) {
  const auto put_and_stop = [&] {
    queue_.put("a");
    return true;
  };
  const Asking asking(put_and_stop);
  EXPECT_EQ(queue_.get().value(), "a");
  EXPECT_TRUE(detail::Interruption::Over());
}

TEST_F(InterruptionTest, ACallGoesOnAsLongAsNothingIsWanted) {
  int asked = 0;
  const Asking asking([&] {
    if (++asked == 3) queue_.put("a");
    return false;
  });
  EXPECT_EQ(queue_.get().value(), "a");
  EXPECT_EQ(asked, 3);
}

TEST_F(InterruptionTest, AfterItNoCallBeginsInItsScope) {
  {
    const Asking asking(Yes);
    EXPECT_EQ(ReasonOf([&] { queue_.get(); }), Reason::kCancelled);
    EXPECT_EQ(ReasonOf([&] { queue_.put("a"); }), Reason::kCancelled);
  }
  queue_.put("b");
  EXPECT_EQ(queue_.get().value(), "b");
}

TEST_F(InterruptionTest, ItIsOfItsThreadAlone) {
  const Asking asking(Yes);
  std::string got;
  Background get([&] { got = queue_.get().value(); });
  EXPECT_EQ(ReasonOf([&] { client_.queue<std::string>("other", QueueSettings{}).get(); }), Reason::kCancelled);
  Background put([&] { queue_.put("a"); });
  EXPECT_EQ(put.Ended(), Reason::kOk);
  EXPECT_EQ(get.Ended(), Reason::kOk);
  EXPECT_EQ(got, "a");
}

TEST(InterruptionConnectTest, AClientThatDoesNotReachItsServerGivesUp) {
  const Asking asking(Yes);
  EXPECT_EQ(ReasonOf([] { const Client client("unix:/nowhere/at/all", {.connect_timeout = 1h}); }), Reason::kCancelled);
}

class RemoteInterruptionTest : public testing::RemoteClientTest {};

TEST_F(RemoteInterruptionTest, OthersGetTheirAnswersWhileItLooksUp) {
  const auto queue = client_->queue<std::string>("q");
  std::atomic<int> asked = 0;
  std::atomic<bool> wanted = false;
  Background waits([&] {
    const Asking asking([&] {
      ++asked;
      return wanted.load();
    });
    queue.get();
  });
  const std::uint64_t get = stream_->NextOperation().id();
  for (int i = 0; i < 5; ++i) {
    const int before = asked;
    Background purge([&] { queue.purge(); });
    const std::uint64_t id = stream_->NextOperation().id();
    testing::Eventually([&] { return asked > before + 1; });
    stream_->Answer(id, Answer::Ok(PurgeResult{}));
    EXPECT_EQ(purge.Ended(), Reason::kOk);
  }
  wanted = true;
  const v1::Operation cancel = stream_->NextOperation();
  EXPECT_EQ(cancel.cancel().operation(), get);
  stream_->Answer(get, Answer::Refused(Reason::kCancelled, "cancelled"));
  EXPECT_EQ(waits.Ended(), Reason::kCancelled);
}

}  // namespace
}  // namespace sluice
