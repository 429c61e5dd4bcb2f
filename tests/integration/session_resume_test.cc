// A session outlives its stream: nothing is done twice, nothing is lost, and only its owner comes back.
#include "tests/integration/gate.h"
#include "tests/integration/session_client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

namespace sluice::test {
namespace {

using Queues = v1::QueueService::Stub;

class SessionResumeTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    Create("q");
  }
};

TEST_F(SessionResumeTest, KeepsLeasesAndTurns) {
  v1::Welcome welcome;
  std::uint64_t fence = 0;
  {
    SessionClient client(NewChannel());
    welcome = client.Hello();
    Put("q", "held");
    client.Send("operations { id: 1 get { queue: 'q' } } operations { id: 2 get { queue: 'q' } }");
    fence = client.NextAnswer().get().deliveries(0).fence();
  }
  SessionClient client(NewChannel());
  const auto again = client.Resume(welcome, 1);
  EXPECT_TRUE(again.resumed());
  EXPECT_EQ(again.session(), welcome.session());
  EXPECT_EQ(again.operations_seen(), 2u);
  Put("q", "next");
  EXPECT_EQ(client.NextAnswer().operation(), 2u);
  client.Send("operations { id: 3 task_done { queue: 'q' fences: " + std::to_string(fence) + " } }");
  EXPECT_EQ(client.NextAnswer().task_done().lost_size(), 0);
}

TEST_F(SessionResumeTest, AnswersThatWereNotSeenComeAgainAndOperationsSentAgainRunOnce) {
  const std::string operations = R"(operations { id: 1 put { queue: 'q' items { payload: 'a' } } }
                                    operations { id: 2 put { queue: 'q' items { payload: 'b' } } })";
  v1::Welcome welcome;
  {
    SessionClient client(NewChannel());
    welcome = client.Hello();
    client.Send(operations);
    client.NextAnswer();
    client.NextAnswer();
  }
  SessionClient client(NewChannel());
  client.Resume(welcome, 1);  // as if only the first answer had arrived
  client.Send(operations + "operations { id: 3 stats { queue: 'q' } }");
  EXPECT_EQ(client.NextAnswer().operation(), 2u);
  const auto stats = client.NextAnswer();
  EXPECT_EQ(stats.operation(), 3u);
  EXPECT_EQ(stats.stats().stats().put(), 2u);
}

// The network eats answers, then the connection: what the client did not see is what it gets again.
TEST_F(SessionResumeTest, AnswersLostInTheNetworkComeAgain) {
  Gate gate(TcpAddress());
  SessionClient before(grpc::CreateChannel(gate.address(), grpc::InsecureChannelCredentials()));
  const auto welcome = before.Hello();
  gate.Freeze();
  before.Send("operations { id: 1 put { queue: 'q' items { payload: 'a' } } } operations { id: 2 get { queue: 'q' } }");
  WaitForStats("q", [](const v1::QueueStats& stats) { return stats.leased() == 1; });
  gate.Cut();
  SessionClient client(NewChannel());
  EXPECT_EQ(client.Resume(welcome, 0).operations_seen(), 2u);
  EXPECT_EQ(client.NextAnswer().operation(), 1u);
  EXPECT_EQ(client.NextAnswer().get().deliveries(0).attempt(), 1u);
  EXPECT_EQ(Stats("q").put(), 1u);
}

TEST_F(SessionResumeTest, ANewStreamTakesTheSessionOver) {
  SessionClient old_stream(NewChannel());
  const auto welcome = old_stream.Hello();
  old_stream.Send("operations { id: 1 get { queue: 'q' } }");
  WaitForStats("q", [](const v1::QueueStats& stats) { return stats.waiting_getters() == 1; });
  SessionClient new_stream(NewChannel());
  new_stream.Resume(welcome, 0);
  EXPECT_EQ(old_stream.End(), "1 CANCELLED");
  Put("q", "a");
  EXPECT_EQ(new_stream.NextAnswer().operation(), 1u);
}

TEST_F(SessionResumeTest, NeedsTheTokenAndASessionThatExists) {
  SessionClient owner(NewChannel());
  const auto welcome = owner.Hello();
  for (const std::string& hello :
       {"session: " + std::to_string(welcome.session()),
        "session: " + std::to_string(welcome.session()) + " token: 'x'", std::string("session: 424242 token: 'x'")}) {
    SessionClient thief(NewChannel());
    thief.Send("hello { " + hello + " }");
    EXPECT_EQ(thief.End(), "10 SESSION_LOST");
  }
  owner.Send("");
  EXPECT_TRUE(owner.Read());
}

TEST_F(SessionResumeTest, CannotConfirmAnswersThatWereNeverSent) {
  v1::Welcome welcome;
  {
    SessionClient client(NewChannel());
    welcome = client.Hello();
  }
  SessionClient client(NewChannel());
  v1::SessionRequest request;
  request.mutable_hello()->set_session(welcome.session());
  request.mutable_hello()->set_token(welcome.token());
  request.set_answers_seen(7);
  client.Send(request);
  EXPECT_EQ(client.End(), "10 SESSION_LOST");
}

TEST_F(SessionResumeTest, IsImpossibleAfterAGoodbye) {
  SessionClient client(NewChannel());
  const auto welcome = client.Hello();
  client.Send("goodbye: true");
  EXPECT_EQ(client.End(), "0");
  SessionClient late(NewChannel());
  late.Send("hello { session: " + std::to_string(welcome.session()) + " }");
  EXPECT_EQ(late.End(), "10 SESSION_LOST");
}

class ShortGraceTest : public SessionResumeTest {
 protected:
  ShortGraceTest() { config_.broker.grace = 100ms; }
};

TEST_F(ShortGraceTest, ABrokenSessionIsReleasedWhenNobodyComesBack) {
  Put("q", "a");
  {
    SessionClient client(NewChannel());
    client.Hello();
    client.Send("operations { id: 1 get { queue: 'q' } } operations { id: 2 get { queue: 'q' } }");
    client.NextAnswer();
  }
  WaitForStats("q", [](const v1::QueueStats& stats) { return stats.ready() == 1 && stats.waiting_getters() == 0; });
}

}  // namespace
}  // namespace sluice::test
