// A whole message of a session at once: as its operations would be one by one.
#include <gtest/gtest.h>

#include "tests/unit/server/broker/broker_fixture.h"

namespace sluice::broker {
namespace {

class SessionMessageTest : public BrokerTest {
 protected:
  void SetUp() override {
    Create();
    client = std::make_unique<TestClient>(Open());
  }

  SubmittedOperation Next(Command command, std::string space = "default") {
    return {++client->operation, RoutedCommand{std::move(space), std::move(command)}};
  }
  SubmittedOperation NextCancel(std::uint64_t target) { return {++client->operation, CancelCommand{target}}; }
  SubmittedOperation NextRefusal() {
    return {++client->operation, Answer::Refused(Reason::kInvalidArgument, "no such name")};
  }
  void Send(std::vector<SubmittedOperation> message) {
    client->session->SubmitAll(std::move(message));
    EXPECT_TRUE(message.empty());  // NOLINT(bugprone-use-after-move): that is what it promises
  }
  // The operations that were answered, in the order of their answers.
  std::vector<std::uint64_t> Answered() {
    std::vector<std::uint64_t> operations;
    answers = client->Take();
    for (const SessionAnswer& each : answers) operations.push_back(each.operation);
    return operations;
  }
  using Numbers = std::vector<std::uint64_t>;

  std::unique_ptr<TestClient> client;
  std::vector<SessionAnswer> answers;  // of the last Answered
};

TEST_F(SessionMessageTest, RunsItsOperationsInOrderAndWakesTheStreamOnce) {
  Send({Next(PutOne("a")), Next(PutOne("b")), Next(GetOne()), Next(Stats{"q"})});
  EXPECT_EQ(client->sink->wakes, 1);
  EXPECT_EQ(Answered(), (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(std::get<GetResult>(answers[2].answer->result).deliveries.front().content->payload.view(), "a");
  EXPECT_EQ(std::get<StatsResult>(answers[3].answer->result).stats.leased, 1u);
}

TEST_F(SessionMessageTest, AnswersThatMayWaitGoWithTheNextOne) {
  auto done = Next(TaskDone{"q", {Fence{1}}});
  auto refused = NextRefusal();
  done.answer_may_wait = refused.answer_may_wait = true;
  Send({done, refused});
  EXPECT_EQ(client->sink->wakes, 0);
  Send({Next(Stats{"q"})});
  EXPECT_EQ(client->sink->wakes, 1);
  EXPECT_EQ(Answered().size(), 3u);
}

TEST_F(SessionMessageTest, TooManyAnswersDoNotWait) {
  while (client->sink->wakes == 0) {
    auto done = Next(TaskDone{"q", {Fence{1}}});
    done.answer_may_wait = true;
    Send({done});
    ASSERT_LE(client->operation, 100u);
  }
  EXPECT_GT(Answered().size(), 10u);
}

TEST_F(SessionMessageTest, AnAnswerThatDeliversDoesNotWait) {
  auto get = Next(GetOne());
  get.answer_may_wait = true;
  Send({get});
  EXPECT_EQ(client->sink->wakes, 0);
  Submit(PutOne("a"));
  EXPECT_EQ(client->sink->wakes, 1);
}

TEST_F(SessionMessageTest, AGetThatWaitsIsServedByALaterPutOfTheSameMessage) {
  Send({Next(GetOne()), Next(PutOne("a"))});
  Answered();
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_TRUE(answers[0].answer->ok() && answers[1].answer->ok());
  EXPECT_EQ(broker().Status().waiters, 0u);
}

TEST_F(SessionMessageTest, ACancelEndsTheWaitOfAnOperationBeforeIt) {
  Send({Next(GetOne()), Next(GetOne()), NextCancel(1)});
  EXPECT_EQ(Answered(), Numbers{1});
  EXPECT_EQ(answers[0].answer->reason, Reason::kCancelled);
  EXPECT_EQ(broker().Status().waiters, 1u);
}

TEST_F(SessionMessageTest, ACancelOfWhatWasAnsweredMeanwhileIsNoMistake) {
  Send({Next(GetOne())});
  Submit(PutOne("a"));
  Send({NextCancel(1), Next(GetOne())});
  EXPECT_EQ(Answered(), Numbers{1});
  EXPECT_TRUE(answers[0].answer->ok());
  EXPECT_EQ(broker().Status().waiters, 1u) << "the other get is not hit";
}

TEST_F(SessionMessageTest, InvalidOperationsAreRefusedAndTheOthersRun) {
  Send({NextRefusal(), Next(PutOne("a")), NextRefusal(), Next(Stats{"q"}, "unknown"), Next(GetOne())});
  Answered();
  ASSERT_EQ(answers.size(), 5u);
  const Reason expected[] = {Reason::kInvalidArgument, Reason::kOk, Reason::kInvalidArgument, Reason::kQueueNotFound,
                             Reason::kOk};
  for (const SessionAnswer& each : answers) {
    EXPECT_EQ(each.answer->reason, expected[each.operation - 1]) << each.operation;
  }
}

TEST_F(SessionMessageTest, WhatWasSentBeforeIsIgnored) {
  Send({Next(PutOne("a")), Next(PutOne("b"))});
  client->operation = 1;
  Send({Next(PutOne("b")), Next(PutOne("c"))});
  client->operation = 2;
  Send({Next(PutOne("c"))});
  EXPECT_EQ(StatsOf().put, 3u);
  EXPECT_EQ(Answered(), (Numbers{1, 2, 3}));
  EXPECT_EQ(client->session->Attach(client->sink, 0).operations_seen, 3u);
}

TEST_F(SessionMessageTest, MayGoToSeveralNamespaces) {
  Create("other");
  Send({Next(PutOne("a")), Next(PutOne("b"), "other"), Next(PutOne("c")), Next(PutOne("d"), "other")});
  EXPECT_EQ(StatsOf("default").ready, 2u);
  EXPECT_EQ(StatsOf("other").ready, 2u);
  EXPECT_EQ(Answered().size(), 4u);
  for (const SessionAnswer& each : answers) EXPECT_EQ(each.space, each.operation % 2 == 1 ? "default" : "other");
}

TEST_F(SessionMessageTest, LongerThanAStepItLosesNothing) {
  constexpr std::uint64_t kOperations = 1000;
  std::vector<SubmittedOperation> message;
  for (std::uint64_t each = 0; each < kOperations; ++each) message.push_back(Next(PutOne("x")));
  client->session->SubmitAll(std::move(message));
  EXPECT_EQ(StatsOf().ready, kOperations);
  const Numbers answered = Answered();
  ASSERT_EQ(answered.size(), kOperations);
  EXPECT_EQ(answered.back(), kOperations);
}

TEST_F(SessionMessageTest, IsASignOfLife) {
  client = std::make_unique<TestClient>(Open(1s));
  Pass(900ms);
  Send({Next(Stats{"q"})});
  Pass(900ms);
  EXPECT_EQ(client->sink->gone, 0);
  Pass(200ms);
  EXPECT_EQ(client->sink->gone, 1);
}

TEST_F(SessionMessageTest, AfterTheEndItRunsNothing) {
  client->session->End();
  Send({Next(PutOne("a")), Next(GetOne())});
  EXPECT_EQ(StatsOf().put, 0u);
  EXPECT_EQ(broker().Status().waiters, 0u);
}

TEST_F(SessionMessageTest, OfASessionWithoutAStreamItsGetsArePassedOver) {
  client->Disconnect();
  Send({Next(GetOne())});
  Submit(PutOne("a"));
  EXPECT_EQ(StatsOf().ready, 1u);
  client->Connect(0);
  EXPECT_EQ(Answered(), Numbers{1});
}

using SessionMessageLimits = BrokerTest;

TEST_F(SessionMessageLimits, TheBoundOnWaitersHoldsWithinAMessage) {
  options.max_waiters = 2;
  Create();
  TestClient client(Open());
  std::vector<SubmittedOperation> message;
  for (int each = 0; each < 4; ++each) message.push_back({++client.operation, RoutedCommand{"default", GetOne()}});
  client.session->SubmitAll(std::move(message));
  const auto answers = client.Take();
  ASSERT_EQ(answers.size(), 2u);
  for (const SessionAnswer& each : answers) EXPECT_EQ(each.answer->reason, Reason::kLimitReached);
  EXPECT_EQ(broker().Status().waiters, 2u);
}

}  // namespace
}  // namespace sluice::broker
