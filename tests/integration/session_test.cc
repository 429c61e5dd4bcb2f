// The session stream while it lasts: greeting, operations, answers, heartbeats, endings.
#include <thread>

#include "common/limits.h"
#include "tests/integration/raw_call.h"
#include "tests/integration/session_client.h"

namespace sluice::test {
namespace {

using Queues = v1::QueueService::Stub;

class SessionTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    Create("q");
  }
};

TEST_F(SessionTest, AHelloIsWelcomed) {
  SessionClient client(NewChannel());
  const auto welcome = client.Hello("client_name: 'worker' lease_ms: 5000");
  EXPECT_GT(welcome.session(), 0u);
  EXPECT_GE(welcome.token().size(), 16u);
  EXPECT_FALSE(welcome.resumed());
  EXPECT_EQ(welcome.lease_ms(), 5'000);
  EXPECT_EQ(welcome.grace_ms(), config_.broker.grace.count());
  EXPECT_EQ(welcome.server_version(), SLUICE_VERSION);
}

TEST_F(SessionTest, WhatBeginsWithoutAGoodHelloIsRefused) {
  for (const std::string first : {"", "operations { id: 1 stats { queue: 'q' } }", "goodbye: true",
                                  "hello { lease_ms: -1 }", "hello { lease_ms: 99 }", "hello { lease_ms: 86400001 }"}) {
    SessionClient client(NewChannel());
    EXPECT_TRUE(client.Send(first));
    EXPECT_EQ(client.End(), "3 INVALID_ARGUMENT") << first;
  }
  SessionClient long_name(NewChannel());
  EXPECT_TRUE(long_name.Send("hello { client_name: '" + std::string(limits::kClientNameBytes + 1, 'x') + "' }"));
  EXPECT_EQ(long_name.End(), "3 INVALID_ARGUMENT");
  SessionClient long_producer(NewChannel());
  EXPECT_TRUE(long_producer.Send("hello { producer: '" + std::string(limits::kProducerBytes + 1, 'x') + "' }"));
  EXPECT_EQ(long_producer.End(), "3 INVALID_ARGUMENT");
  SessionClient silent(NewChannel());
  silent.HalfClose();
  EXPECT_EQ(silent.End(), "3 INVALID_ARGUMENT");
}

TEST_F(SessionTest, ASecondHelloEndsTheStream) {
  SessionClient client(NewChannel());
  client.Hello();
  client.Send("hello {}");
  EXPECT_EQ(client.End(), "3 INVALID_ARGUMENT");
}

TEST_F(SessionTest, OperationsMayComeWithTheHello) {
  SessionClient client(NewChannel());
  ASSERT_TRUE(client.Send("hello {} operations { id: 1 stats { queue: 'q' } }"));
  EXPECT_EQ(client.NextAnswer().operation(), 1u);
}

TEST_F(SessionTest, APutWithASequenceIsOfTheHellosProducer) {
  SessionClient client(NewChannel()), same(NewChannel());
  client.Hello("producer: 'p'");
  client.Send("operations { id: 1 put { queue: 'q' items { payload: 'a' } sequence: 5 } }");
  const auto first = client.NextAnswer().put();
  EXPECT_FALSE(first.duplicate());
  same.Hello("producer: 'p'");
  same.Send(R"(
      operations { id: 1 put { queue: 'q' items { payload: 'a' } sequence: 5 } }
      operations { id: 2 put { queue: 'q' items { payload: 'b' } producer: 'other' sequence: 5 } })");
  const auto again = same.NextAnswer().put();
  EXPECT_TRUE(again.duplicate());
  EXPECT_EQ(again.first_id(), first.first_id());
  EXPECT_FALSE(same.NextAnswer().put().duplicate()) << "its own producer comes first";
  const auto unary = Call(*queues_, &Queues::Put, "queue: 'q' items { payload: 'a' } producer: 'p' sequence: 5");
  EXPECT_TRUE(unary.response.duplicate()) << "the same put by whatever way";
}

TEST_F(SessionTest, ASequenceOfNobodyIsRefused) {
  SessionClient client(NewChannel());
  client.Hello();
  client.Send("operations { id: 1 put { queue: 'q' items {} sequence: 5 } } operations { id: 2 stats { queue: 'q' } }");
  EXPECT_EQ(client.NextAnswer().error().reason(), v1::INVALID_ARGUMENT);
  EXPECT_EQ(client.NextAnswer().operation(), 2u) << "the stream goes on";
}

TEST_F(SessionTest, HoldingOfWhatIsNoQueueEndsTheStream) {
  SessionClient client(NewChannel());
  client.Hello();
  client.Send("holding { leases { queue: 'a/b/c' } }");
  EXPECT_EQ(client.End(), "3 INVALID_ARGUMENT");
}

TEST_F(SessionTest, HoldingThatNobodyAskedForHasNoEffect) {
  SessionClient client(NewChannel());
  client.Hello();
  client.Send("operations { id: 1 put { queue: 'q' items {} } } operations { id: 2 get { queue: 'q' } }");
  client.NextAnswer();
  client.NextAnswer();
  client.Send("holding {} operations { id: 3 stats { queue: 'q' } }");
  EXPECT_EQ(client.NextAnswer().stats().stats().leased(), 1u);
}

TEST_F(SessionTest, OperationsOfOneMessageRunInOrderAndAreAnsweredByNumber) {
  SessionClient client(NewChannel());
  client.Hello();
  client.Send(R"(
      operations { id: 3 put { queue: 'q' items { payload: 'a' } items { payload: 'b' } } }
      operations { id: 5 get { queue: 'q' } }
      operations { id: 6 stats { queue: 'q' } }
      operations { id: 7 get { queue: 'nowhere' } }
      operations { id: 8 put { queue: 'q' } }
      operations { id: 9 create_queue { queue: 'new' } })");
  EXPECT_EQ(client.NextAnswer().put().count(), 2u);
  const auto got = client.NextAnswer();
  EXPECT_EQ(got.operation(), 5u);
  EXPECT_EQ(got.get().deliveries(0).item().payload(), "a");
  EXPECT_EQ(client.NextAnswer().stats().stats().leased(), 1u);
  const auto refused = client.NextAnswer();
  EXPECT_EQ(refused.operation(), 7u);
  EXPECT_EQ(refused.error().reason(), v1::QUEUE_NOT_FOUND);
  EXPECT_EQ(client.NextAnswer().error().reason(), v1::INVALID_ARGUMENT);  // the stream goes on
  EXPECT_TRUE(client.NextAnswer().create_queue().created());
}

TEST_F(SessionTest, ManyAnswersTravelInFewMessages) {
  SessionClient client(NewChannel());
  client.Hello();
  v1::SessionRequest request;
  for (std::uint64_t id = 1; id <= 2'000; ++id) {
    v1::Operation* operation = request.add_operations();
    operation->set_id(id);
    operation->mutable_put()->set_queue("q");
    operation->mutable_put()->add_items()->set_payload("x");
  }
  client.Send(request);
  int messages = 0;
  while (client.answers_seen() < 2'000) {
    ASSERT_TRUE(client.Read());
    ++messages;
  }
  EXPECT_LE(messages, 8);  // at most 512 answers each
  EXPECT_EQ(Stats("q").ready(), 2'000u);
}

TEST_F(SessionTest, ALargeAnswerDoesNotHideBehindOneMessage) {
  SessionClient client(NewChannel());
  client.Hello();
  for (int i = 0; i < 8; ++i) Put("q", std::string(200'000, 'x'));
  v1::SessionRequest request;
  for (std::uint64_t id = 1; id <= 8; ++id) {
    v1::Operation* operation = request.add_operations();
    operation->set_id(id);
    operation->mutable_get()->set_queue("q");
  }
  client.Send(request);
  while (client.answers_seen() < 8) {
    const auto response = client.Read();
    ASSERT_TRUE(response);
    EXPECT_LE(response->ByteSizeLong(), 600'000u);
  }
}

TEST_F(SessionTest, AWaitingOperationIsAnsweredWhenItsTimeComes) {
  SessionClient client(NewChannel());
  client.Hello();
  client.Send("operations { id: 1 get { queue: 'q' } } operations { id: 2 get { queue: 'q' timeout_ms: 20 } }");
  const auto empty = client.NextAnswer();
  EXPECT_EQ(empty.operation(), 2u);
  EXPECT_EQ(empty.error().reason(), v1::EMPTY);
  Put("q", "a");
  EXPECT_EQ(client.NextAnswer().get().deliveries(0).item().payload(), "a");
}

TEST_F(SessionTest, CancelEndsTheWaitOfAnEarlierOperation) {
  SessionClient client(NewChannel());
  client.Hello();
  client.Send("operations { id: 1 get { queue: 'q' } } operations { id: 2 cancel { operation: 1 } }");
  const auto cancelled = client.NextAnswer();
  EXPECT_EQ(cancelled.operation(), 1u);
  EXPECT_EQ(cancelled.error().reason(), v1::CANCELLED);
  EXPECT_EQ(Stats("q").waiting_getters(), 0u);
}

TEST_F(SessionTest, AHeartbeatIsAnsweredWithAnEmptyResponse) {
  SessionClient client(NewChannel());
  client.Hello();
  for (int i = 0; i < 3; ++i) {
    client.Send("");
    const auto response = client.Read();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->ByteSizeLong(), 0u);
  }
}

TEST_F(SessionTest, HeartbeatsKeepLeasesAndSilenceLosesThem) {
  SessionClient client(NewChannel());
  client.Hello("lease_ms: 300");
  Put("q", "a");
  client.Send("operations { id: 1 get { queue: 'q' } }");
  client.NextAnswer();
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() < begin + 900ms) {
    client.Send("");
    ASSERT_TRUE(client.Read());
  }
  EXPECT_EQ(Stats("q").leased(), 1u);
  EXPECT_EQ(client.End(), "10 SESSION_LOST");
  const auto again = Call(*queues_, &Queues::Get, "queue: 'q'");
  EXPECT_EQ(again.response.deliveries(0).attempt(), 2u);
}

TEST_F(SessionTest, GoodbyeIsAnsweredInFullAndReleasesEverythingAtOnce) {
  SessionClient client(NewChannel());
  client.Hello();
  Put("q", "a");
  Put("q", "b");
  client.Send("operations { id: 1 get { queue: 'q' } } operations { id: 2 stats { queue: 'q' } } goodbye: true");
  client.NextAnswer();
  EXPECT_EQ(client.NextAnswer().stats().stats().leased(), 1u);
  EXPECT_EQ(client.End(), "0");
  EXPECT_EQ(Stats("q").ready(), 2u);
}

TEST_F(SessionTest, AHalfClosedStreamIsAnsweredInFull) {
  SessionClient client(NewChannel());
  client.Send("hello {} operations { id: 1 put { queue: 'q' items { payload: 'a' } } }");
  client.HalfClose();
  EXPECT_EQ(client.NextAnswer().put().count(), 1u);
  EXPECT_EQ(client.End(), "0");
}

TEST_F(SessionTest, OperationZeroAndAConfirmationOfTheFutureEndTheStream) {
  for (const std::string message : {"operations { stats { queue: 'q' } }", "answers_seen: 1"}) {
    SessionClient client(NewChannel());
    client.Hello();
    client.Send(message);
    EXPECT_EQ(client.End(), "3 INVALID_ARGUMENT") << message;
  }
}

TEST_F(SessionTest, AnAutoAckItemIsFinishedByTheConfirmationOfItsAnswer) {
  SessionClient client(NewChannel());
  client.Hello();
  Put("q", "a");
  client.Send("operations { id: 1 get { queue: 'q' ack: AUTO } }");
  client.NextAnswer();
  EXPECT_EQ(Stats("q").unfinished(), 1u);
  client.Send("answers_seen: 1");
  ASSERT_TRUE(client.Read());
  EXPECT_EQ(Stats("q").unfinished(), 0u);
}

TEST_F(SessionTest, AClientThatWritesWithoutReadingIsHeldBackAndLosesNothing) {
  constexpr std::uint64_t kPeeks = 200;
  SessionClient client(NewChannel());
  client.Hello();
  Put("q", std::string(1'000'000, 'x'));
  std::thread writer([&] {
    for (std::uint64_t id = 1; id <= kPeeks; ++id) {
      client.Send("operations { id: " + std::to_string(id) + " peek { queue: 'q' } }");
    }
  });
  for (std::uint64_t id = 1; id <= kPeeks; ++id) EXPECT_EQ(client.NextAnswer().operation(), id);
  writer.join();
}

class SessionsLimitTest : public SessionTest {
 protected:
  SessionsLimitTest() { config_.broker.max_sessions = 1; }
};

TEST_F(SessionsLimitTest, OneTooManyIsRefused) {
  SessionClient first(NewChannel());
  first.Hello();
  SessionClient second(NewChannel());
  second.Send("hello {}");
  EXPECT_EQ(second.End(), "8 LIMIT_REACHED");
}

TEST_F(SessionTest, BytesThatAreNoMessageEndTheStreamAndSaySo) {
  const std::string hello("\x0a\x00", 2), broken("\x12\x05\x08", 3);
  for (const bool greeted : {false, true}) {
    RawStream stream(NewChannel(), "/sluice.v1.QueueService/Session");
    if (greeted) {
      ASSERT_TRUE(stream.Write(hello));
      EXPECT_NE(stream.Read(), "") << "a welcome";
    }
    ASSERT_TRUE(stream.Write(broken));
    EXPECT_EQ(stream.Read(), "");
    const grpc::Status status = stream.End();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_NE(status.error_message().find("no SessionRequest"), std::string::npos) << status.error_message();
  }
}

TEST_F(SessionTest, WhatCameBeforeAnOperationWithoutANumberHasBegun) {
  SessionClient client(NewChannel());
  client.Hello();
  client.Send("operations { id: 1 put { queue: 'q' items {} } } operations { stats { queue: 'q' } }");
  EXPECT_EQ(client.End(), "3 INVALID_ARGUMENT");
  EXPECT_EQ(Stats("q").ready(), 1u);
}

}  // namespace
}  // namespace sluice::test
