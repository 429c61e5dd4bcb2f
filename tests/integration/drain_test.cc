// A server that stops answers everybody itself, in time.
#include <future>
#include <thread>
#include <vector>

#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "tests/integration/gate.h"
#include "tests/integration/raw_call.h"
#include "tests/integration/session_client.h"

namespace sluice::test {
namespace {

using Queues = v1::QueueService::Stub;
using Clock = std::chrono::steady_clock;

class DrainTest : public ServerTest {
 protected:
  DrainTest() { config_.drain_timeout = 10s; }

  void SetUp() override {
    ServerTest::SetUp();
    Create("q");
  }
};

TEST_F(DrainTest, AThousandParkedGetsAndSessionsAreAllAnswered) {
  constexpr int kGets = 1'000;
  constexpr int kSessions = 20;
  struct Get {
    Context context;
    v1::GetResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::GetResponse>> reader;
  };
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<Get>> gets;
  for (int i = 0; i < kGets; ++i) {
    Get& get = *gets.emplace_back(std::make_unique<Get>());
    get.reader = queues_->AsyncGet(&get.context, FromText<v1::GetRequest>("queue: 'q'"), &queue);
    get.reader->Finish(&get.response, &get.status, &get);
  }
  std::vector<std::unique_ptr<SessionClient>> sessions;
  for (int i = 0; i < kSessions; ++i) {
    sessions.push_back(std::make_unique<SessionClient>(NewChannel()));
    sessions.back()->Hello();
    sessions.back()->Send("operations { id: 1 get { queue: 'q' } }");
  }
  WaitForStats("q", [](const v1::QueueStats& stats) { return stats.waiting_getters() == kGets + kSessions; });

  const auto begin = Clock::now();
  server_->Drain();
  EXPECT_LT(Clock::now() - begin, 5s);

  for (int i = 0; i < kGets; ++i) {
    void* tag = nullptr;
    bool ok = false;
    ASSERT_TRUE(queue.Next(&tag, &ok));
    const Get& get = *static_cast<Get*>(tag);
    EXPECT_EQ(get.status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(get.context.Reason(), "UNAVAILABLE");
  }
  for (const auto& session : sessions) {
    const auto answer = session->NextAnswer();
    EXPECT_EQ(answer.operation(), 1u);
    EXPECT_EQ(answer.error().reason(), v1::UNAVAILABLE);
    EXPECT_EQ(session->End(), "14 UNAVAILABLE");
  }
}

TEST_F(DrainTest, WaitsForNobodyWhoHasNothingToGet) {
  SessionClient silent(NewChannel());  // has not even said Hello
  RawStream watch(NewChannel(), "/grpc.health.v1.Health/Watch");
  watch.Write("");
  EXPECT_EQ(watch.Read(), "\x08\x01");
  RawStream reflection(NewChannel(), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
  reflection.Write(std::string("\x3a\x00", 2));
  reflection.Read();
  const auto begin = Clock::now();
  server_->Drain();
  EXPECT_LT(Clock::now() - begin, 5s);
}

TEST_F(DrainTest, IsIdempotentAndTheSocketIsGoneAfterIt) {
  server_->Drain();
  server_->Drain();
  const auto outcome = Call(*queues_, &Queues::Stats, "queue: 'q'");
  EXPECT_EQ(outcome.code, grpc::StatusCode::UNAVAILABLE);
}

class StuckDrainTest : public DrainTest {
 protected:
  StuckDrainTest() { config_.drain_timeout = 1500ms; }
};

// A client that does not take its answer keeps the drain busy until the timeout; what the others see meanwhile.
TEST_F(StuckDrainTest, RefusesNewWorkIsNotHealthyAndEndsAtTheTimeout) {
  Gate gate(TcpAddress());
  SessionClient stuck(grpc::CreateChannel(gate.address(), grpc::InsecureChannelCredentials()));
  stuck.Hello();
  Put("q", std::string(4'000'000, 'x'));
  gate.Freeze();
  stuck.Send("operations { id: 1 get { queue: 'q' } }");
  WaitForStats("q", [](const v1::QueueStats& stats) { return stats.leased() == 1; });
  RawStream watch(NewChannel(), "/grpc.health.v1.Health/Watch");
  watch.Write("");
  EXPECT_EQ(watch.Read(), "\x08\x01");
  SessionClient late(NewChannel());

  const auto begin = Clock::now();
  auto drained = std::async(std::launch::async, [this] { server_->Drain(); });
  EXPECT_EQ(watch.Read(), "\x08\x02");
  while (!server_->broker().Status().draining) std::this_thread::yield();
  const auto described = Call(*admin_, &v1::AdminService::Stub::DescribeServer, "");
  EXPECT_TRUE(described.ok()) << described;
  EXPECT_FALSE(described.response.serving());
  EXPECT_EQ(described.response.sessions(), 1u);
  late.Send("hello {}");
  EXPECT_EQ(late.End(), "14 UNAVAILABLE");
  const auto refused = Call(*queues_, &Queues::Put, "queue: 'q' items { payload: 'a' }");
  EXPECT_EQ(refused.code, grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(refused.reason, "UNAVAILABLE");
  drained.get();
  EXPECT_GE(Clock::now() - begin, 1400ms);
  EXPECT_LT(Clock::now() - begin, kPatience);
}

}  // namespace
}  // namespace sluice::test
