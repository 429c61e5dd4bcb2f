// Asynchronous operations against a server that does what the test says.
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sluice/client.h>

#include "common/answer.h"
#include "tests/support/fake_session_server.h"
#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::Eventually;
using testing::FakeSessionServer;
using testing::FakeStream;
using testing::ReasonOf;
using Stream = std::shared_ptr<FakeStream>;
using Item = Task<std::string>;

Answer ItemAnswer(std::uint64_t fence) {
  auto content = std::make_shared<Content>();
  content->payload = Bytes(std::string("a"));
  GetResult result;
  result.deliveries.push_back({ItemId{fence}, Fence{fence}, 1, {}, std::move(content)});
  return Answer::Ok(std::move(result));
}

class RemoteAsyncTest : public ::testing::Test {
 protected:
  RemoteAsyncTest() {
    std::thread greeter([&] {
      stream_ = server_.NextStream();
      stream_->Hello();
      stream_->Welcome(7);
    });
    client_.emplace(server_.address(), ClientOptions{.connect_timeout = 3s, .min_backoff = 5ms, .max_backoff = 20ms});
    greeter.join();
    queue_.emplace(client_->queue<std::string>("q"));
  }
  template <typename T>
  static Reason ReasonIn(std::future<T> future) {
    Eventually([&] { return future.wait_for(0s) == std::future_status::ready; });
    return ReasonOf([&] { future.get(); });
  }
  Item Get(std::uint64_t fence) {
    std::future<Item> get = queue_->get_async();
    stream_->Answer(stream_->NextOperation().id(), ItemAnswer(fence));
    return get.get();
  }

  FakeSessionServer server_;
  Stream stream_;
  std::optional<Client> client_;
  std::optional<Queue<std::string>> queue_;
};

TEST_F(RemoteAsyncTest, PutsDoNotWaitForEachOthersAnswers) {
  std::vector<std::future<std::uint64_t>> puts;
  for (int i = 0; i < 100; ++i) puts.push_back(queue_->put_async("a"));
  std::vector<std::uint64_t> operations;
  for (int i = 0; i < 100; ++i) operations.push_back(stream_->NextOperation().id());
  for (std::size_t i = 0; i < puts.size(); ++i) {
    stream_->Answer(operations[i], Answer::Ok(PutResult{ItemId{i + 1}, 1}));
    EXPECT_EQ(puts[i].get(), i + 1);
  }
}

TEST_F(RemoteAsyncTest, AStoppedGetKeepsTheItemThatWasFaster) {
  std::stop_source stop;
  std::future<Item> get = queue_->get_async({.stop = stop.get_token()});
  const std::uint64_t id = stream_->NextOperation().id();
  stop.request_stop();
  EXPECT_EQ(stream_->NextOperation().cancel().operation(), id);
  stream_->Answer(id, ItemAnswer(5));
  EXPECT_EQ(get.get().fence(), 5u);
  EXPECT_EQ(stream_->NextOperation().release().fences(0), 5u) << "and dropped, it goes back";
}

TEST_F(RemoteAsyncTest, AGetOfManyAsksForTheRestWithTheRestOfTheLinger) {
  std::future<std::vector<Item>> get = queue_->get_many_async(3, {.min_items = 2, .linger = 1h});
  const v1::Operation first = stream_->NextOperation();
  EXPECT_EQ(first.get().max_items(), 3u);
  EXPECT_FALSE(first.get().has_timeout_ms());
  stream_->Answer(first.id(), ItemAnswer(5));
  const v1::Operation rest = stream_->NextOperation();
  EXPECT_EQ(rest.get().max_items(), 2u);
  EXPECT_GT(rest.get().timeout_ms(), 3'500'000);
  EXPECT_LE(rest.get().timeout_ms(), 3'600'000);
  stream_->Answer(rest.id(), Answer::Refused(Reason::kEmpty, "nothing came"));
  EXPECT_EQ(get.get().size(), 1u);
}

TEST_F(RemoteAsyncTest, AnAsynchronousDecisionOutlivesItsHandles) {
  Item task = Get(5);
  std::future<void> done = std::move(task).done_async();
  queue_.reset();
  client_.reset();
  const v1::Operation operation = stream_->NextOperation();
  EXPECT_EQ(operation.task_done().fences(0), 5u);
  stream_->Answer(operation.id(), Answer::Ok(TaskDoneResult{}));
  EXPECT_EQ(ReasonIn(std::move(done)), Reason::kOk);
  EXPECT_TRUE(stream_->NextMessage().goodbye());
}

TEST_F(RemoteAsyncTest, ADecisionWithoutAnAnswerIsUnavailable) {
  Item task = Get(5);
  std::future<void> done = std::move(task).done_async();
  stream_->NextOperation();
  server_.Stop();
  EXPECT_EQ(ReasonIn(std::move(done)), Reason::kUnavailable);
}

TEST_F(RemoteAsyncTest, AnOperationMayBeBegunInACallback) {
  std::promise<std::uint64_t> second;
  queue_->put_async("a", {}, [&](Outcome<std::uint64_t>) {
    queue_->put_async("b", {}, [&](Outcome<std::uint64_t> outcome) { second.set_value(std::move(outcome).get()); });
  });
  for (std::uint64_t id : {1, 2}) {
    stream_->Answer(stream_->NextOperation().id(), Answer::Ok(PutResult{ItemId{id}, 1}));
  }
  EXPECT_EQ(second.get_future().get(), 2u);
}

TEST_F(RemoteAsyncTest, TheLastHandleEndsWhatOnlyWaits) {
  std::future<Item> get = queue_->get_async();
  stream_->NextOperation();
  queue_.reset();
  client_.reset();
  EXPECT_EQ(ReasonIn(std::move(get)), Reason::kCancelled);
}

}  // namespace
}  // namespace sluice
