// Task<T>::done_nowait: decided without waiting, and told all the same.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <sluice/client.h>

#include "common/answer.h"
#include "tests/unit/client/remote_client_fixture.h"
#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::Background;
using testing::FakeStream;
using testing::ReasonOf;
using Stream = std::shared_ptr<FakeStream>;

class EmbeddedDoneNowaitTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  Client client_ = Client::embedded({.clock = &clock_, .lease = 30s});
  Queue<std::string> queue_ = client_.queue<std::string>("q", QueueSettings{});
};

TEST_F(EmbeddedDoneNowaitTest, TheItemIsGone) {
  queue_.put("a");
  auto task = queue_.get();
  task.done_nowait();
  EXPECT_TRUE(task.decided());
  EXPECT_FALSE(task.lost());
  queue_.join();
  EXPECT_EQ(queue_.stats().done, 1u);
}

TEST_F(EmbeddedDoneNowaitTest, ItIsADecisionLikeAnyOther) {
  queue_.put("a");
  auto task = queue_.get();
  task.done_nowait();
  EXPECT_THROW(task.done_nowait(), std::logic_error);
  EXPECT_THROW(task.done(), std::logic_error);
  const auto moved = std::move(task);
  EXPECT_THROW(task.done_nowait(), std::logic_error);
}

TEST_F(EmbeddedDoneNowaitTest, ALeaseThatIsKnownToBeLostIsNotDone) {
  queue_.put("a");
  auto task = queue_.get();
  clock_.Advance(31s);  // to the server the client was silent for so long
  EXPECT_EQ(ReasonOf([&] { task.done_nowait(); }), Reason::kLeaseLost);
  EXPECT_TRUE(task.lost());
  EXPECT_EQ(queue_.get_nowait().value(), "a");
}

TEST_F(EmbeddedDoneNowaitTest, OfManyTheLostOnesAreTold) {
  queue_.put("early");
  std::vector<Task<std::string>> tasks;
  tasks.push_back(queue_.get());
  clock_.Advance(31s);
  queue_.put_many({"a", "b"});
  for (int i = 0; i < 3; ++i) tasks.push_back(queue_.get());
  EXPECT_EQ(ReasonOf([&] { queue_.done_many_nowait(tasks); }), Reason::kLeaseLost);
  EXPECT_TRUE(tasks[0].lost() && !tasks[1].lost() && !tasks[2].lost() && !tasks[3].lost());
  queue_.join();
  EXPECT_EQ(queue_.stats().done, 3u);
}

class RemoteDoneNowaitTest : public testing::RemoteClientTest {
 protected:
  void SetUp() override {
    RemoteClientTest::SetUp();
    queue_.emplace(client_->queue<std::string>("q"));
  }
  Task<std::string> Get(std::uint64_t fence) {
    std::optional<Task<std::string>> task;
    Background get([&] { task = queue_->get(); });
    auto content = std::make_shared<Content>();
    content->payload = Bytes("x");
    stream_->Answer(stream_->NextOperation().id(),
                    Answer::Ok(GetResult{{{ItemId{fence}, Fence{fence}, 1, {}, std::move(content)}}}));
    EXPECT_EQ(get.Ended(), Reason::kOk);
    return *std::move(task);
  }

  std::optional<Queue<std::string>> queue_;
};

TEST_F(RemoteDoneNowaitTest, ItGoesOutByItselfAndNobodyWaitsForTheAnswer) {
  auto task = Get(5);
  task.done_nowait();
  EXPECT_EQ(stream_->NextOperation().task_done().fences(0), 5u);
}

TEST_F(RemoteDoneNowaitTest, ItRidesInFrontOfWhatIsSaidNext) {
  auto task = Get(5);
  task.done_nowait();
  Background put([&] { queue_->put("a"); });
  EXPECT_TRUE(stream_->NextOperation().has_task_done());
  const v1::Operation next = stream_->NextOperation();
  EXPECT_TRUE(next.has_put()) << next.ShortDebugString();
  stream_->Answer(next.id(), Answer::Ok(PutResult{ItemId{1}, 1}));
  EXPECT_EQ(put.Ended(), Reason::kOk);
}

TEST_F(RemoteDoneNowaitTest, ManyAreOneOperation) {
  std::vector<Task<std::string>> tasks;
  for (std::uint64_t fence : {5, 6, 7}) tasks.push_back(Get(fence));
  queue_->done_many_nowait(tasks);
  const v1::Operation operation = stream_->NextOperation();
  EXPECT_EQ(std::vector(operation.task_done().fences().begin(), operation.task_done().fences().end()),
            (std::vector<std::uint64_t>{5, 6, 7}));
  EXPECT_TRUE(operation.answer_may_wait());
  queue_->done_many_nowait(tasks);  // passed over
}

TEST_F(RemoteDoneNowaitTest, AClientThatIsClosedAtOnceHasToldIt) {
  auto task = Get(5);
  task.done_nowait();
  client_->close();
  EXPECT_EQ(stream_->NextOperation().task_done().fences(0), 5u);
  EXPECT_TRUE(stream_->NextMessage().goodbye());
}

TEST_F(RemoteDoneNowaitTest, TheLastHandleThatGoesAtOnceHasToldIt) {
  std::optional task = Get(5);
  queue_.reset();
  client_.reset();
  task->done_nowait();
  task.reset();
  EXPECT_EQ(stream_->NextOperation().task_done().fences(0), 5u);
  EXPECT_TRUE(stream_->NextMessage().goodbye());
}

TEST_F(RemoteDoneNowaitTest, ItIsToldAfterAnOutageOfTheConnection) {
  auto task = Get(5);
  stream_->Cut();
  const Stream second = server_.NextStream();
  second->Hello();
  task.done_nowait();
  second->Welcome(7, true, 1);
  EXPECT_EQ(second->NextOperation().task_done().fences(0), 5u);
}

TEST_F(RemoteDoneNowaitTest, AClosedClientRefusesIt) {
  auto task = Get(5);
  client_->close();
  EXPECT_EQ(ReasonOf([&] { task.done_nowait(); }), Reason::kLeaseLost) << "closing gave the lease back";
}

}  // namespace
}  // namespace sluice
