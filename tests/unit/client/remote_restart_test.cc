// A client whose server is started anew: what it held it still holds, what it asked it still asks, what it put is put
// once.
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
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

Answer Added(std::uint64_t id = 1, bool duplicate = false) {
  return Answer::Ok(PutResult{ItemId{id}, 1, Durability::kFsync, duplicate});
}

class RemoteRestartTest : public testing::RemoteClientTest {
 protected:
  void SetUp() override {
    RemoteClientTest::SetUp();
    queue_.emplace(client_->queue<std::string>("q"));
  }
  static Answer Item(std::uint64_t fence) {
    auto content = std::make_shared<Content>();
    content->payload = Bytes("x");
    return Answer::Ok(GetResult{{{ItemId{fence}, Fence{fence}, 1, {}, std::move(content)}}});
  }
  Task<std::string> Get(std::uint64_t fence) {
    std::optional<Task<std::string>> task;
    Background get([&] { task = queue_->get(); });
    stream_->Answer(stream_->NextOperation().id(), Item(fence));
    EXPECT_EQ(get.Ended(), Reason::kOk);
    return *std::move(task);
  }
  // The server goes away and comes back with the session; the new stream.
  Stream Restart() {
    server_.Stop();
    server_.Start();
    const Stream stream = server_.NextStream();
    EXPECT_EQ(stream->Hello().hello().session(), 7u);
    stream->WelcomeRestarted(7);
    return stream;
  }

  std::optional<Queue<std::string>> queue_;
};

TEST_F(RemoteRestartTest, WhatIsHeldIsNamedAndWhatIsUnansweredIsSentAgain) {
  auto task = Get(5);
  auto told = Get(6);
  Background get([&] { queue_->get().done(); });
  const std::uint64_t get_id = stream_->NextOperation().id();
  Background put([&] { queue_->put("a"); });
  const std::uint64_t put_id = stream_->NextOperation().id();
  told.done_nowait();
  const std::uint64_t done_id = stream_->NextOperation().id();

  const Stream second = Restart();
  const v1::SessionRequest first_message = second->NextMessage();
  ASSERT_TRUE(first_message.has_holding()) << first_message.ShortDebugString();
  ASSERT_EQ(first_message.holding().leases_size(), 1);
  const v1::HeldLeases& held = first_message.holding().leases(0);
  EXPECT_EQ(held.queue(), "default/q");
  EXPECT_EQ(std::vector(held.fences().begin(), held.fences().end()), (std::vector<std::uint64_t>{5, 6}));
  std::vector<std::uint64_t> again;
  for (const v1::Operation& operation : first_message.operations()) again.push_back(operation.id());
  while (again.size() < 3) again.push_back(second->NextOperation().id());
  EXPECT_EQ(again, (std::vector{get_id, put_id, done_id})) << "with their old numbers, in their old order";

  second->Answer(put_id, Added());
  EXPECT_EQ(put.Ended(), Reason::kOk);
  second->Answer(done_id, Answer::Ok(TaskDoneResult{}));
  Background done([&] { task.done(); });
  second->Answer(second->NextOperation().id(), Answer::Ok(TaskDoneResult{}));
  EXPECT_EQ(done.Ended(), Reason::kOk) << "the lease is as good as before";
  second->Answer(get_id, Item(7));
  second->Answer(second->NextOperation().id(), Answer::Ok(TaskDoneResult{}));
  EXPECT_EQ(get.Ended(), Reason::kOk);
}

TEST_F(RemoteRestartTest, AnIdleClientSaysAtOnceWhatItHolds) {
  auto task = Get(5);
  const std::stop_token token = task.stop_token();
  const v1::SessionRequest message = Restart()->NextMessage();
  EXPECT_EQ(message.holding().leases(0).fences(0), 5u);
  EXPECT_FALSE(token.stop_requested());
}

TEST_F(RemoteRestartTest, APutOfALostSessionIsTheSamePutInTheNextOne) {
  Background put([&] { EXPECT_EQ(queue_->put("a"), 41u); });
  const v1::Operation first = stream_->NextOperation();
  EXPECT_GT(first.put().sequence(), 0u);
  stream_->Cut();
  const Stream second = server_.NextStream();
  const std::string producer = second->Hello().hello().producer();
  EXPECT_FALSE(producer.empty());
  second->End(Reason::kSessionLost, "no such session");
  const Stream third = server_.NextStream();
  EXPECT_EQ(third->Hello().hello().producer(), producer);
  third->Welcome(8);
  const v1::Operation again = third->NextOperation();
  EXPECT_EQ(again.put().sequence(), first.put().sequence());
  third->Answer(again.id(), Added(41, true));
  EXPECT_EQ(put.Ended(), Reason::kOk);
}

TEST_F(RemoteRestartTest, AWelcomeBackToASessionThatWasGivenUpMeanwhileIsNotHeard) {
  auto task = Get(5);
  std::promise<void> given_up;
  const std::stop_callback lost(task.stop_token(), [&] { given_up.set_value(); });
  stream_->Cut();
  const Stream second = server_.NextStream();
  EXPECT_EQ(second->Hello().hello().session(), 7u);
  second->Welcome(7, true, 1, 1s, 0s);
  second->Cut();
  const Stream third = server_.NextStream();
  EXPECT_EQ(third->Hello().hello().session(), 7u);
  ASSERT_EQ(given_up.get_future().wait_for(30s), std::future_status::ready);
  third->Welcome(7, true, 1);  // too late
  const Stream fourth = server_.NextStream();
  EXPECT_EQ(fourth->Hello().hello().session(), 0u);
  fourth->Welcome(8);
  Background put([&] { queue_->put("a"); });
  fourth->Answer(fourth->NextOperation().id(), Added());
  EXPECT_EQ(put.Ended(), Reason::kOk);
}

TEST_F(RemoteRestartTest, PutsHaveSequencesOfTheirOwn) {
  std::uint64_t last = 0;
  for (int i = 0; i < 3; ++i) {
    Background put([&] { queue_->put("a"); });
    const v1::Operation operation = stream_->NextOperation();
    EXPECT_GT(operation.put().sequence(), last);
    EXPECT_EQ(operation.put().producer(), "") << "the hello's";
    last = operation.put().sequence();
    stream_->Answer(operation.id(), Added());
    EXPECT_EQ(put.Ended(), Reason::kOk);
  }
}

TEST_F(RemoteRestartTest, ARequestIdIsSentAndTheReceiptTellsAll) {
  PutReceipt receipt;
  Background put([&] { receipt = queue_->put_with_receipt(std::vector<std::string>{"a"}, {.request_id = "once"}); });
  const v1::Operation operation = stream_->NextOperation();
  EXPECT_EQ(operation.put().request_id(), "once");
  EXPECT_EQ(operation.put().sequence(), 0u);
  stream_->Answer(operation.id(), Added(9, true));
  EXPECT_EQ(put.Ended(), Reason::kOk);
  EXPECT_EQ(receipt.ids, std::vector<std::uint64_t>{9});
  EXPECT_EQ(receipt.durability, Durability::kFsync);
  EXPECT_TRUE(receipt.duplicate);
}

TEST_F(RemoteRestartTest, ARequestIdThatMakesNoSenseIsRefusedHere) {
  EXPECT_EQ(ReasonOf([&] { queue_->put("a", {.request_id = std::string(256, 'r')}); }), Reason::kTooLarge);
  EXPECT_EQ(ReasonOf([&] { queue_->put("a", {.request_id = "\xff"}); }), Reason::kInvalidArgument);
}

TEST_F(RemoteRestartTest, DoneNowaitSurvivesAServerThatStopsAndComesBack) {
  auto task = Get(5);
  task.done_nowait();
  const v1::Operation done = stream_->NextOperation();
  stream_->Answer(done.id(), Answer::Refused(Reason::kUnavailable, "the server is stopping"));
  stream_->End(Reason::kUnavailable, "the server is stopping");
  const Stream second = server_.NextStream();
  second->Hello();
  second->WelcomeRestarted(7);
  const v1::SessionRequest message = second->NextMessage();
  EXPECT_EQ(message.holding().leases(0).fences(0), 5u);
  ASSERT_EQ(message.operations_size(), 1);
  EXPECT_EQ(message.operations(0).task_done().fences(0), 5u);
}

}  // namespace
}  // namespace sluice
