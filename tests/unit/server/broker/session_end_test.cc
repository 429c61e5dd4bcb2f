// A session ends by a goodbye, by silence, or without a stream: all it held is back, and nobody waits in its name.
#include <gtest/gtest.h>

#include "tests/unit/server/broker/broker_fixture.h"

namespace sluice::broker {
namespace {

class SessionEnd : public BrokerTest {
 protected:
  void SetUp() override { Create(); }
  bool Found(const TestClient& client) {
    return broker().FindSession(client.session->id(), client.session->token()) != nullptr;
  }
};

TEST_F(SessionEnd, AGoodbyeReleasesEverythingNow) {
  TestClient client(Open());
  Submit(PutOne("x"));
  client.Send(GetOne());
  client.Send(GetOne());
  client.Take();
  client.session->End();
  EXPECT_EQ(StatsOf().ready, 1u);
  EXPECT_EQ(StatsOf().waiting_getters, 0u);
  EXPECT_EQ(client.sink->gone, 1);
  EXPECT_EQ(client.sink->reason, Reason::kSessionLost);
  EXPECT_FALSE(Found(client));
  client.session->End();
  EXPECT_EQ(client.sink->gone, 1);
}

TEST_F(SessionEnd, ComesInAllNamespacesThatItTouched) {
  Create("other");
  TestClient client(Open());
  for (const char* space : {"default", "other"}) {
    Submit(PutOne("x"), space);
    client.Send(GetOne(), space);
  }
  client.Take();
  client.session->End();
  EXPECT_EQ(StatsOf("default").ready, 1u);
  EXPECT_EQ(StatsOf("other").ready, 1u);
}

TEST_F(SessionEnd, ComesWhenTheStreamIsAwayForLongerThanTheGracePeriod) {
  TestClient client(Open());
  Submit(PutOne("x"));
  client.Send(GetOne());
  client.Take();
  client.Disconnect();
  Pass(options.grace - 1ms);
  EXPECT_EQ(StatsOf().leased, 1u);
  Pass(1ms);
  EXPECT_EQ(StatsOf().ready, 1u);
  EXPECT_FALSE(Found(client));
  EXPECT_FALSE(client.Connect().ok);
}

TEST_F(SessionEnd, DoesNotComeWhenTheStreamIsBackInTime) {
  TestClient client(Open());
  client.Disconnect();
  Pass(options.grace - 1ms);
  client.Connect();
  Pass(options.grace);
  EXPECT_TRUE(Found(client));
}

TEST_F(SessionEnd, ComesWhenNoStreamEverAttaches) {
  const auto session = Open();
  Pass(options.grace);
  EXPECT_EQ(broker().Status().sessions, 0u);
}

TEST_F(SessionEnd, ComesWhenTheClientIsSilentForItsLease) {
  TestClient client(Open(10s));
  Submit(PutOne("x"));
  client.Send(GetOne());
  client.Take();
  for (int beat = 0; beat < 5; ++beat) {
    Pass(9s);
    client.session->Touch();
  }
  EXPECT_EQ(StatsOf().leased, 1u);
  Pass(10s);
  EXPECT_EQ(StatsOf().ready, 1u);
  EXPECT_EQ(client.sink->gone, 1);
  EXPECT_EQ(client.sink->reason, Reason::kSessionLost);
}

TEST_F(SessionEnd, WakesInTimeForALeaseThatIsShorterThanTheGracePeriod) {
  TestClient client(Open(1s));
  const auto next = broker().RunDue();
  ASSERT_TRUE(next);
  EXPECT_LE(*next, clock.Now() + 1s);
}

TEST_F(SessionEnd, AnUnconfirmedPopIsNotFinished) {
  TestClient client(Open());
  Submit(PutOne("x"));
  client.Send(PopOne());
  client.Take();
  client.session->End();
  EXPECT_EQ(StatsOf().ready, 1u);
  EXPECT_EQ(StatsOf().done, 0u);
}

TEST_F(SessionEnd, TheAttemptCountsOnlyIfTheAnswerWasSent) {
  Submit(UpdateQueue{"q", {.max_attempts = 1}});
  TestClient client(Open());
  Submit(PutOne("unsent"));
  client.Send(GetOne());
  client.Send(GetOne());  // must not be given what the end of its own session returns
  client.session->End();
  EXPECT_EQ(StatsOf().dead, 0u);
  EXPECT_EQ(StatsOf().ready, 1u);

  TestClient second(Open());
  second.Send(GetOne());
  second.Take();
  second.session->End();
  EXPECT_EQ(StatsOf().dead, 1u);
}

TEST_F(SessionEnd, FurtherOperationsAreRunNoMore) {
  TestClient client(Open());
  client.session->End();
  EXPECT_TRUE(client.session->Submit(1, "default", PutOne("x")));
  EXPECT_TRUE(client.session->Refuse(2, Answer::Refused(Reason::kInvalidArgument, "")));
  EXPECT_TRUE(client.session->Cancel(3, 1));
  EXPECT_TRUE(client.session->Confirm(0));
  EXPECT_TRUE(client.Take().empty());
  EXPECT_EQ(StatsOf().put, 0u);
  EXPECT_EQ(client.sink->wakes, 0);
}

// The completion of the get is held back until the end of the scope; its session ends before.
TEST_F(SessionEnd, AnAnswerThatComesTooLateGivesItsItemBack) {
  TestClient client(Open());
  client.Send(GetOne());
  {
    CompletionScope scope;
    Submit(PutOne("x"));
    client.session->End();
  }
  EXPECT_EQ(StatsOf().ready, 1u);
  EXPECT_EQ(StatsOf().leased, 0u);
}

TEST_F(SessionEnd, ADrainLeavesStreamsTheTimeToWriteItsAnswers) {
  TestClient client(Open());
  client.Send(GetOne());
  broker().Drain();
  EXPECT_EQ(client.sink->gone, 0);
  EXPECT_EQ(client.sink->wakes, 1);
  EXPECT_EQ(client.TakeOne().answer->reason, Reason::kUnavailable);
  client.Send(GetOne());
  EXPECT_EQ(client.TakeOne().answer->reason, Reason::kUnavailable);
}

}  // namespace
}  // namespace sluice::broker
