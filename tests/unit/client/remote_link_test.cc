// A client against a server that does what the test says: cut, resumed, lost, silent, slow.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
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
using testing::Background;
using testing::Eventually;
using testing::FakeSessionServer;
using testing::FakeStream;
using testing::ReasonOf;
using Stream = std::shared_ptr<FakeStream>;

Answer Item(std::uint64_t fence, const std::string& payload = "a") {
  auto content = std::make_shared<Content>();
  content->payload = Bytes(payload);
  GetResult result;
  result.deliveries.push_back({ItemId{fence}, Fence{fence}, 1, {}, std::move(content)});
  return Answer::Ok(std::move(result));
}

Answer Done() { return Answer::Ok(TaskDoneResult{}); }

class RemoteLinkTest : public ::testing::Test {
 protected:
  // Connects; the first stream has been greeted.
  Stream Connect(std::chrono::milliseconds lease = 30s) {
    std::thread greeter([&] {
      stream_ = server_.NextStream();
      stream_->Hello();
      stream_->Welcome(7, false, 0, lease);
    });
    options_.lease = lease;
    client_.emplace(server_.address(), options_);
    greeter.join();
    queue_.emplace(client_->queue<std::string>("q"));
    return stream_;
  }
  // The next stream, which resumes session 7.
  Stream Resumed(std::uint64_t operations_seen) {
    const Stream stream = server_.NextStream();
    EXPECT_EQ(stream->Hello().hello().session(), 7u);
    stream->Welcome(7, true, operations_seen);
    return stream;
  }
  // A leased item in a task.
  Task<std::string> Get(const Stream& stream, std::uint64_t fence) {
    std::optional<Task<std::string>> task;
    Background get([&] { task = queue_->get(); });
    stream->Answer(stream->NextOperation().id(), Item(fence));
    EXPECT_EQ(get.Ended(), Reason::kOk);
    return *std::move(task);
  }

  FakeSessionServer server_;
  ClientOptions options_{.connect_timeout = 10s, .min_backoff = 5ms, .max_backoff = 20ms};
  Stream stream_;
  std::optional<Client> client_;
  std::optional<Queue<std::string>> queue_;
};

TEST_F(RemoteLinkTest, ACallGoesOverTheStreamAndComesBack) {
  options_.name = "somebody";
  std::thread greeter([&] {
    const Stream stream = server_.NextStream();
    const v1::SessionRequest hello = stream->Hello();
    EXPECT_EQ(hello.hello().client_name(), "somebody");
    EXPECT_EQ(hello.hello().lease_ms(), 30'000);
    EXPECT_EQ(hello.hello().session(), 0u);
    stream->Welcome(7);
    const v1::Operation put = stream->NextOperation();
    EXPECT_EQ(put.put().queue(), "default/q");
    EXPECT_EQ(put.put().items(0).payload(), "hello");
    stream->Answer(put.id(), Answer::Ok(PutResult{ItemId{41}, 1}));
    stream->WaitUntilGone();
  });
  {
    const Client client(server_.address(), options_);
    EXPECT_EQ(client.queue<std::string>("q").put("hello"), 41u);
  }
  greeter.join();
}

TEST_F(RemoteLinkTest, ACutStreamIsResumedAndNothingIsDoneTwice) {
  const Stream first = Connect();
  std::string got;
  Background get([&] {
    auto task = queue_->get();
    got = task.value();
    task.done();
  });
  const std::uint64_t id = first->NextOperation().id();
  first->Cut();
  const Stream second = Resumed(id);
  EXPECT_TRUE(get.Running());
  second->Answer(id, Item(5));
  const v1::Operation done = second->NextOperation();
  EXPECT_TRUE(done.has_task_done()) << "the get is not sent again";
  second->Answer(done.id(), Done());
  EXPECT_EQ(get.Ended(), Reason::kOk);
  EXPECT_EQ(got, "a");
}

TEST_F(RemoteLinkTest, WhatWasLostOnTheWayIsSentAgain) {
  const Stream first = Connect();
  Background put([&] { queue_->put("a"); });
  const std::uint64_t id = first->NextOperation().id();
  first->Cut();
  const Stream second = Resumed(id - 1);
  const v1::Operation again = second->NextOperation();
  EXPECT_EQ(again.id(), id);
  second->Answer(id, Answer::Ok(PutResult{ItemId{1}, 1}));
  EXPECT_EQ(put.Ended(), Reason::kOk);
}

TEST_F(RemoteLinkTest, AnAnswerThatComesTwiceIsDeliveredOnce) {
  const Stream first = Connect();
  auto task = Get(first, 5);
  first->Answer(1, Item(5));
  first->Answer(1, Item(5));
  Background done([&] { task.done(); });
  first->Answer(first->NextOperation().id(), Done());
  EXPECT_EQ(done.Ended(), Reason::kOk);
}

TEST_F(RemoteLinkTest, AnUnknownSessionIsBegunAnew) {
  const Stream first = Connect();
  auto task = Get(first, 5);
  const std::stop_token token = task.stop_token();
  Background get([&] { queue_->get({.timeout = 1h}); });
  first->NextOperation();
  first->Cut();
  const Stream second = server_.NextStream();
  EXPECT_EQ(second->Hello().hello().session(), 7u);
  second->End(Reason::kSessionLost, "no such session");
  const Stream third = server_.NextStream();
  EXPECT_EQ(third->Hello().hello().session(), 0u);
  third->Welcome(8);
  const v1::Operation again = third->NextOperation();
  EXPECT_TRUE(again.has_get());
  EXPECT_GT(again.get().timeout_ms(), 3'500'000);
  EXPECT_LE(again.get().timeout_ms(), 3'600'000);
  EXPECT_TRUE(token.stop_requested());
  EXPECT_EQ(ReasonOf([&] { task.done(); }), Reason::kLeaseLost);
  third->Answer(again.id(), Answer::Refused(Reason::kEmpty, "nothing"));
  EXPECT_EQ(get.Ended(), Reason::kEmpty);
}

TEST_F(RemoteLinkTest, AServerThatWentAwayAndCameBackFindsTheWaitersAgain) {
  const Stream first = Connect();
  Background get([&] { queue_->get().done(); });
  Background put([&] { queue_->put("b"); });
  first->NextOperation();
  first->NextOperation();
  server_.Stop();
  EXPECT_TRUE(get.Running());
  server_.Start();
  const Stream second = server_.NextStream();
  second->Hello();
  second->Welcome(1, false);  // a new server: it knows nothing
  for (int i = 0; i < 2; ++i) {
    const v1::Operation operation = second->NextOperation();
    second->Answer(operation.id(), operation.has_get() ? Item(1) : Answer::Ok(PutResult{ItemId{2}, 1}));
  }
  EXPECT_EQ(put.Ended(), Reason::kOk);
  second->Answer(second->NextOperation().id(), Done());
  EXPECT_EQ(get.Ended(), Reason::kOk);
}

TEST_F(RemoteLinkTest, AStoppingServersRefusalIsNotTheCallersAnswer) {
  const Stream first = Connect();
  Background get([&] { queue_->get().done(); });
  first->Answer(first->NextOperation().id(), Answer::Refused(Reason::kUnavailable, "the server is stopping"));
  first->End(Reason::kUnavailable, "the server is stopping");
  const Stream second = server_.NextStream();
  second->Hello();
  second->Welcome(8, false);
  second->Answer(second->NextOperation().id(), Item(1));
  second->Answer(second->NextOperation().id(), Done());
  EXPECT_EQ(get.Ended(), Reason::kOk);
}

TEST_F(RemoteLinkTest, CallsMadeWhileTheServerIsAwayEndWithUnavailable) {
  options_.connect_timeout = 200ms;
  Connect();
  server_.Stop();
  // Waits for nothing, so it ends also when it was made before the client noticed; afterwards the client has noticed.
  EXPECT_EQ(ReasonOf([&] { queue_->put_nowait("a"); }), Reason::kUnavailable);
  try {
    queue_->put("a");
    FAIL();
  } catch (const Unavailable& error) {
    EXPECT_NE(std::string(error.what()).find(server_.address()), std::string::npos) << error.what();
  }
}

TEST_F(RemoteLinkTest, NobodyThereIsUnavailableNamingTheAddress) {
  options_.connect_timeout = 200ms;
  server_.Stop();
  try {
    const Client client(server_.address(), options_);
    FAIL();
  } catch (const Unavailable& error) {
    EXPECT_NE(std::string(error.what()).find(server_.address()), std::string::npos) << error.what();
  }
}

TEST_F(RemoteLinkTest, AConnectionThatBreaksAtOnceWasAConnection) {
  options_.connect_timeout = 5s;
  std::thread server([&] {
    const Stream stream = server_.NextStream();
    stream->Hello();
    stream->Welcome(7);
    stream->End(Reason::kUnavailable, "the server is stopping");  // after the welcome has left
    stream->WaitUntilGone();
    server_.Stop();  // and nobody is there any more
  });
  const Reason reason = ReasonOf([&] { const Client client(server_.address(), options_); });
  server.join();
  EXPECT_EQ(reason, Reason::kOk);
}

TEST_F(RemoteLinkTest, ARefusalForGoodEndsTheConstructorAtOnce) {
  std::thread server([&] { server_.NextStream()->End(Reason::kLimitReached, "too many sessions"); });
  EXPECT_EQ(ReasonOf([&] { const Client client(server_.address(), options_); }), Reason::kLimitReached);
  server.join();
}

TEST_F(RemoteLinkTest, ACancelledGetKeepsTheItemThatWasFaster) {
  const Stream stream = Connect();
  std::stop_source stop;
  Background get([&] { queue_->get({.stop = stop.get_token()}).done(); });
  const std::uint64_t id = stream->NextOperation().id();
  stop.request_stop();
  const v1::Operation cancel = stream->NextOperation();
  EXPECT_EQ(cancel.cancel().operation(), id);
  stream->Answer(id, Item(5));
  stream->Answer(stream->NextOperation().id(), Done());
  EXPECT_EQ(get.Ended(), Reason::kOk);
}

TEST_F(RemoteLinkTest, AGetCancelledInAnOutageEndsAtOnceAndItsItemGoesBack) {
  const Stream first = Connect();
  std::stop_source stop;
  Background get([&] { queue_->get({.stop = stop.get_token()}); });
  const std::uint64_t id = first->NextOperation().id();
  server_.Stop();
  stop.request_stop();
  EXPECT_EQ(get.Ended(), Reason::kCancelled);
  server_.Start();
  const Stream second = Resumed(id);
  EXPECT_EQ(second->NextOperation().cancel().operation(), id);
  second->Answer(id, Item(5));
  EXPECT_EQ(second->NextOperation().release().fences(0), 5u);
}

TEST_F(RemoteLinkTest, ManyTasksAreDoneWithOneOperation) {
  const Stream stream = Connect();
  std::vector<Task<std::string>> tasks;
  for (std::uint64_t fence : {5, 6, 7}) tasks.push_back(Get(stream, fence));
  Background done([&] { queue_->done_many(tasks); });
  const v1::Operation operation = stream->NextOperation();
  EXPECT_EQ(std::vector(operation.task_done().fences().begin(), operation.task_done().fences().end()),
            (std::vector<std::uint64_t>{5, 6, 7}));
  stream->Answer(operation.id(), Answer::Ok(TaskDoneResult{{Fence{6}}}));
  EXPECT_EQ(done.Ended(), Reason::kLeaseLost);
  EXPECT_TRUE(!tasks[0].lost() && tasks[1].lost() && !tasks[2].lost());
}

TEST_F(RemoteLinkTest, ADroppedTaskIsReleased) {
  const Stream stream = Connect();
  { const auto task = Get(stream, 5); }
  EXPECT_EQ(stream->NextOperation().release().fences(0), 5u);
}

TEST_F(RemoteLinkTest, ADroppedTaskIsReleasedAfterTheOutage) {
  const Stream first = Connect();
  std::optional task = Get(first, 5);
  first->Cut();
  const Stream second = server_.NextStream();
  second->Hello();
  task.reset();  // does not wait for the server
  second->Welcome(7, true, 1);
  EXPECT_EQ(second->NextOperation().release().fences(0), 5u);
}

TEST_F(RemoteLinkTest, AnIdleClientShowsThatItLives) {
  const Stream stream = Connect(300ms);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(stream->NextMessage().operations_size(), 0);
    stream->Write({});
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 300ms) << "not more often than needed";
}

TEST_F(RemoteLinkTest, ASilentServerIsTakenForABrokenStream) {
  const Stream first = Connect(200ms);
  Background get([&] { queue_->get().done(); });
  const std::uint64_t id = first->NextOperation().id();
  const Stream second = Resumed(id);  // heartbeats of the first were not answered
  first->WaitUntilGone();
  second->Answer(id, Item(5));
  second->Answer(second->NextOperation().id(), Done());
  EXPECT_EQ(get.Ended(), Reason::kOk);
}

TEST_F(RemoteLinkTest, APopIsConfirmedAtOnce) {
  const Stream stream = Connect();
  Background pop([&] { queue_->pop(); });
  stream->Answer(stream->NextOperation().id(), Item(5));
  EXPECT_EQ(pop.Ended(), Reason::kOk);
  Eventually([&] { return stream->answers_seen() == 1; });
}

TEST_F(RemoteLinkTest, OperationsOfManyThreadsShareMessages) {
  const Stream stream = Connect();
  constexpr int kThreads = 32;
  std::vector<std::unique_ptr<Background>> puts;
  for (int i = 0; i < kThreads; ++i) puts.push_back(std::make_unique<Background>([&] { queue_->put("a"); }));
  for (int i = 0; i < kThreads; ++i) {
    stream->Answer(stream->NextOperation().id(), Answer::Ok(PutResult{ItemId{1}, 1}));
  }
  for (auto& put : puts) EXPECT_EQ(put->Ended(), Reason::kOk);
}

TEST_F(RemoteLinkTest, CloseSaysGoodbyeAndEndsWaitingCalls) {
  const Stream stream = Connect();
  Background get([&] { queue_->get(); });
  stream->NextOperation();
  client_->close();
  EXPECT_EQ(get.Ended(), Reason::kCancelled);
  EXPECT_TRUE(stream->NextMessage().goodbye());
  stream->WaitUntilGone();
  EXPECT_EQ(ReasonOf([&] { queue_->put("a"); }), Reason::kCancelled);
  client_->close();
}

TEST_F(RemoteLinkTest, TheLastHandleSaysGoodbyeWithoutWaiting) {
  const Stream stream = Connect();
  queue_.reset();
  const auto begin = std::chrono::steady_clock::now();
  client_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s) << "the server has not answered the goodbye";
  EXPECT_TRUE(stream->NextMessage().goodbye());
}

TEST_F(RemoteLinkTest, CloseDoesNotWaitForAServerThatIsGone) {
  Connect();
  server_.Stop();
  const auto begin = std::chrono::steady_clock::now();
  client_->close();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(RemoteLinkTest, TheLastHandleMayGoOnTheClientsOwnThread) {
  const Stream first = Connect();
  auto task = std::make_unique<Task<std::string>>(Get(first, 5));
  const std::stop_token token = task->stop_token();
  std::atomic<bool> gone = false;
  const std::stop_callback callback(token, [&] {
    task.reset();
    gone = true;
  });
  queue_.reset();
  client_.reset();  // the task keeps the connection
  first->Cut();
  const Stream second = server_.NextStream();
  second->Hello();
  second->Welcome(8, false);  // the lease is lost
  Eventually([&] { return gone.load(); });
  second->WaitUntilGone();
}

TEST_F(RemoteLinkTest, HandlesMayGoUnderLoad) {
  std::atomic<bool> stopping = false;
  std::thread server([&] {
    while (!stopping) {
      if (!server_.HasStream()) {
        std::this_thread::yield();
        continue;
      }
      const Stream stream = server_.NextStream();
      stream->Hello();
      stream->Welcome(7);
      std::this_thread::yield();
      stream->Cut();
    }
  });
  for (int round = 0; round < 10; ++round) {
    std::vector<std::unique_ptr<Background>> calls;
    {
      std::optional<Client> client;
      Eventually([&] { return ReasonOf([&] { client.emplace(server_.address(), options_); }) == Reason::kOk; });
      for (int i = 0; i < 8; ++i) {
        calls.push_back(
            std::make_unique<Background>([queue = client->queue<std::string>("q")] { queue.get({.timeout = 1h}); }));
      }
      client->close();
    }
    for (auto& call : calls) EXPECT_EQ(call->Ended(), Reason::kCancelled);
  }
  stopping = true;
  server.join();
}

TEST_F(RemoteLinkTest, InTheChildOfAForkItSaysSoInsteadOfHanging) {
  const Stream stream = Connect();
  auto task = std::make_unique<Task<std::string>>(Get(stream, 5));
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);  // a child that hangs fails
    bool ok = ReasonOf([&] { queue_->put("a"); }) == Reason::kInternal;
    ok = ok && ReasonOf([&] { task->done_nowait(); }) == Reason::kInternal;
    ok = ok && ReasonOf([&] { const Client another(server_.address(), options_); }) == Reason::kInternal;
    task.reset();  // the lease is the parent's
    queue_.reset();
    client_.reset();
    _exit(ok ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  Background done([&] { task->done(); });
  stream->Answer(stream->NextOperation().id(), Done());
  EXPECT_EQ(done.Ended(), Reason::kOk) << "the parent goes on";
}

}  // namespace
}  // namespace sluice
