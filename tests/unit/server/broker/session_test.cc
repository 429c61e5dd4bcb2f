// A session from hello to hello: its operations, its answers, and the streams that come and go.
#include "server/broker/session.h"

#include <gtest/gtest.h>

#include "tests/unit/server/broker/broker_fixture.h"

namespace sluice::broker {
namespace {

class SessionTest : public BrokerTest {
 protected:
  void SetUp() override { Create(); }
};

// ---- identity ----------------------------------------------------------------------------------

TEST_F(SessionTest, IsFoundByItsIdAndTokenOnly) {
  const auto session = Open();
  EXPECT_EQ(session->token().size(), 16u);
  EXPECT_EQ(session->client_name(), "test");
  EXPECT_EQ(session->grace(), options.grace);
  EXPECT_EQ(broker().FindSession(session->id(), session->token()), session);
  EXPECT_EQ(broker().FindSession(session->id(), std::string(16, 'x')), nullptr);
  EXPECT_EQ(broker().FindSession(session->id(), ""), nullptr);
  EXPECT_EQ(broker().FindSession({12345}, session->token()), nullptr);
  EXPECT_NE(Open()->token(), session->token());
}

// ---- operations --------------------------------------------------------------------------------

TEST_F(SessionTest, AnswersCarryTheNumberOfTheirOperation) {
  TestClient client(Open());
  client.Send(PutOne("x"));
  client.operation = 10;
  client.Send(GetOne());
  const auto answers = client.Take();
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].operation, 1u);
  EXPECT_EQ(answers[1].operation, 11u);
  EXPECT_EQ(answers[1].space, "default");
  EXPECT_EQ(std::get<GetResult>(answers[1].answer->result).deliveries.size(), 1u);
}

TEST_F(SessionTest, AnOperationThatIsSentAgainIsNotRunAgain) {
  TestClient client(Open());
  EXPECT_TRUE(client.session->Submit(5, "default", PutOne("x")));
  EXPECT_FALSE(client.session->Submit(5, "default", PutOne("x")));
  EXPECT_FALSE(client.session->Submit(4, "default", PutOne("x")));
  EXPECT_FALSE(client.session->Refuse(5, Answer::Refused(Reason::kInvalidArgument, "")));
  EXPECT_FALSE(client.session->Cancel(5, 1));
  EXPECT_EQ(StatsOf().put, 1u);
  EXPECT_EQ(client.Take().size(), 1u);
}

TEST_F(SessionTest, AnInvalidOperationIsAnsweredInTurn) {
  TestClient client(Open());
  client.Send(PutOne("x"));
  client.session->Refuse(++client.operation, Answer::Refused(Reason::kInvalidArgument, "no such name"));
  const auto answers = client.Take();
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[1].answer->message, "no such name");
}

TEST_F(SessionTest, AnOperationOnAnUnknownNamespaceIsRefused) {
  TestClient client(Open());
  client.Send(GetOne(), "unknown");
  EXPECT_EQ(client.TakeOne().answer->reason, Reason::kQueueNotFound);
}

TEST_F(SessionTest, CancelEndsTheWaitOfTheOperationItNames) {
  TestClient client(Open());
  const auto get = client.Send(GetOne());
  const auto other = client.Send(GetOne());
  EXPECT_TRUE(client.Cancel(get));
  const SessionAnswer answer = client.TakeOne();
  EXPECT_EQ(answer.operation, get);
  EXPECT_EQ(answer.answer->reason, Reason::kCancelled);
  EXPECT_TRUE(client.Cancel(get)) << "too late is no mistake";
  EXPECT_TRUE(client.Cancel(999));
  EXPECT_TRUE(client.Take().empty());
  Submit(PutOne("x"));
  EXPECT_EQ(client.TakeOne().operation, other);
}

// ---- answers -----------------------------------------------------------------------------------

TEST_F(SessionTest, WakesItsStreamOnceUntilItTakes) {
  TestClient client(Open());
  client.Send(Stats{"q"});
  client.Send(Stats{"q"});
  EXPECT_EQ(client.sink->wakes, 1);
  EXPECT_EQ(client.Take().size(), 2u);
  client.Send(Stats{"q"});
  EXPECT_EQ(client.sink->wakes, 2);
}

TEST_F(SessionTest, AnswersArriveWhenOthersBringThemAbout) {
  TestClient client(Open());
  client.Send(GetOne());
  EXPECT_EQ(client.sink->wakes, 0);
  Submit(PutOne("x"));
  EXPECT_EQ(client.sink->wakes, 1);
  EXPECT_TRUE(client.TakeOne().answer->ok());
}

TEST_F(SessionTest, ConfirmRefusesNumbersThatCannotBe) {
  TestClient client(Open());
  client.Send(Stats{"q"});
  EXPECT_FALSE(client.session->Confirm(1)) << "it was not sent yet";
  client.Take();
  EXPECT_TRUE(client.session->Confirm(1));
  EXPECT_TRUE(client.session->Confirm(1));
  EXPECT_FALSE(client.session->Confirm(0));
  EXPECT_FALSE(client.session->Confirm(2));
}

TEST_F(SessionTest, APopIsFinishedWhenItIsConfirmed) {
  TestClient client(Open());
  Submit(PutOne("x"));
  client.Send(PopOne());
  client.Take();
  EXPECT_EQ(StatsOf().leased, 1u);
  client.session->Confirm(1);
  EXPECT_EQ(StatsOf().done, 1u);
  EXPECT_EQ(StatsOf().leased, 0u);
}

TEST_F(SessionTest, ALeaseStaysWhenItsAnswerIsConfirmed) {
  TestClient client(Open());
  Submit(PutOne("x"));
  client.Send(GetOne());
  client.Take();
  client.session->Confirm(1);
  EXPECT_EQ(StatsOf().leased, 1u);
}

// ---- streams -----------------------------------------------------------------------------------

TEST_F(SessionTest, ANewStreamGetsExactlyWhatTheClientHasNotSeen) {
  TestClient client(Open());
  for (int operation = 0; operation < 3; ++operation) client.Send(Stats{"q"});
  client.Take();
  client.Disconnect();
  const auto attached = client.Connect(1);
  EXPECT_TRUE(attached.ok);
  EXPECT_EQ(attached.operations_seen, 3u);
  EXPECT_EQ(client.sink->wakes, 1);
  const auto again = client.Take();
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(again[0].operation, 2u);
  EXPECT_EQ(again[1].operation, 3u);
}

TEST_F(SessionTest, AStreamThatConfirmsWhatWasNeverSentIsRefused) {
  TestClient client(Open());
  client.Send(Stats{"q"});
  client.Disconnect();
  EXPECT_FALSE(client.Connect(1).ok);
  EXPECT_TRUE(client.Connect(0).ok) << "the session itself goes on";
}

TEST_F(SessionTest, AttachConfirmsAPop) {
  TestClient client(Open());
  Submit(PutOne("x"));
  client.Send(PopOne());
  client.Take();
  client.Disconnect();
  client.Connect(1);
  EXPECT_EQ(StatsOf().done, 1u);
}

TEST_F(SessionTest, KeepsLeasesAndTurnsWhileItsStreamIsAway) {
  TestClient client(Open());
  Submit(PutOne("held"));
  client.Send(GetOne());
  client.Send(GetOne());
  client.Take();
  const auto behind = Submit(GetOne());
  client.Disconnect();
  EXPECT_EQ(StatsOf().leased, 1u);

  Submit(PutOne("passes"));
  EXPECT_EQ(behind->times, 1) << "a session without a stream is passed over";
  const auto later = Submit(GetOne());
  client.Connect(1);
  Submit(PutOne("first again"));
  EXPECT_TRUE(later->waits()) << "its turn came before";
  const SessionAnswer got = client.TakeOne();
  EXPECT_EQ(std::get<GetResult>(got.answer->result).deliveries.front().content->payload.view(), "first again");
}

TEST_F(SessionTest, AnItemThatCameWhileItWasAwayIsGotWhenItIsBack) {
  TestClient client(Open());
  client.Send(GetOne());
  client.Disconnect();
  Submit(PutOne("x"));
  EXPECT_EQ(StatsOf().ready, 1u);
  client.Connect();
  EXPECT_TRUE(client.TakeOne().answer->ok());
}

TEST_F(SessionTest, AnOperationThatArrivesLateOnABrokenStreamWaitsAside) {
  Create("other");
  TestClient client(Open());
  client.Disconnect();
  client.Send(GetOne(), "other");
  Submit(PutOne("x"), "other");
  EXPECT_EQ(StatsOf("other").ready, 1u);
  client.Connect();
  EXPECT_TRUE(client.TakeOne().answer->ok());
}

TEST_F(SessionTest, ASecondStreamTakesTheSessionOver) {
  TestClient client(Open());
  const auto before = client.sink;
  client.Send(GetOne());
  EXPECT_TRUE(client.Connect().ok);
  EXPECT_EQ(before->gone, 1);
  EXPECT_EQ(before->reason, Reason::kCancelled);

  Submit(PutOne("x"));
  EXPECT_EQ(before->wakes, 0);
  EXPECT_TRUE(client.session->TakeAnswers(before.get(), 100, 100).empty()) << "it must not swallow the answer";
  client.session->Detach(before.get());
  EXPECT_TRUE(client.TakeOne().answer->ok()) << "the end of the old stream is no end of the new one";
}

}  // namespace
}  // namespace sluice::broker
