// Commands find their namespace, answers find their caller, and a drain ends all of it.
#include "server/broker/broker.h"

#include <gtest/gtest.h>

#include "tests/unit/server/broker/broker_fixture.h"

namespace sluice::broker {
namespace {

TEST_F(BrokerTest, AnswersAtOnceWhenItCan) {
  Create();
  const auto put = Submit(PutOne("a"));
  EXPECT_EQ(put->times, 1);
  EXPECT_TRUE(put->answer.ok());
  EXPECT_FALSE(put->operation.id);
  const auto got = Submit(GetOne());
  ASSERT_EQ(got->times, 1);
  EXPECT_EQ(got->deliveries().front().content->payload.view(), "a");
}

TEST_F(BrokerTest, AWaitingCallIsAnsweredByTheCallThatServesIt) {
  Create();
  const auto got = Submit(GetOne());
  EXPECT_TRUE(got->waits());
  EXPECT_TRUE(got->operation.id);
  EXPECT_EQ(broker().Status().waiters, 1u);
  Submit(PutOne("a"));
  EXPECT_EQ(got->times, 1);
  EXPECT_EQ(broker().Status().waiters, 0u);
}

TEST_F(BrokerTest, NamespacesKeepQueuesOfTheSameNameApart) {
  Create("a");
  Create("b");
  Submit(PutOne("x"), "a");
  EXPECT_EQ(StatsOf("a").ready, 1u);
  EXPECT_EQ(StatsOf("b").ready, 0u);
}

TEST_F(BrokerTest, OnlyACreateBringsANamespaceIntoBeing) {
  EXPECT_EQ(Submit(PutOne("x"), "new")->reason(), Reason::kQueueNotFound);
  EXPECT_EQ(Submit(Join{{"q"}, kForever, false}, "new")->reason(), Reason::kQueueNotFound);
  EXPECT_NE(Submit(Stats{"q"}, "new")->answer.message.find("'new/q'"), std::string::npos);
  EXPECT_EQ(broker().Status().namespaces, 0u);

  Put put = PutOne("x");
  put.create = QueueSettings{};
  EXPECT_TRUE(Submit(put, "by-put")->answer.ok());
  Get get = GetOne();
  get.create = QueueSettings{};
  EXPECT_TRUE(Submit(get, "by-get")->waits());
  Create("by-create");
  EXPECT_EQ(broker().Status().namespaces, 3u);
  EXPECT_EQ(broker().Status().queues, 3u);
}

TEST_F(BrokerTest, AListingOfAnUnknownNamespaceIsEmpty) {
  const auto listed = Submit(ListQueues{}, "new");
  ASSERT_TRUE(listed->answer.ok());
  EXPECT_TRUE(std::get<ListResult>(listed->answer.result).queues.empty());
  EXPECT_EQ(broker().Status().namespaces, 0u);
}

TEST_F(BrokerTest, RefusesDurabilityThatTheJournalDoesNotReach) {
  for (const Durability durability : {Durability::kAsync, Durability::kFsync}) {
    QueueSettings settings;
    settings.durability = durability;
    Put put = PutOne("x");
    put.create = settings;
    Get get = GetOne();
    get.create = settings;
    const std::vector<Command> commands = {CreateQueue{"q", settings}, put, get};
    for (const Command& command : commands) {
      const auto heard = Submit(command);
      EXPECT_EQ(heard->reason(), Reason::kInvalidArgument);
      EXPECT_NE(heard->answer.message.find("allowed: memory"), std::string::npos) << heard->answer.message;
    }
  }
  EXPECT_EQ(broker().Status().namespaces, 0u);
  Create();
  EXPECT_EQ(Submit(CreateQueue{"r", {.durability = Durability::kFsync}})->reason(), Reason::kInvalidArgument);
}

TEST_F(BrokerTest, CancelEndsAWaitOnce) {
  Create();
  const auto got = Submit(GetOne());
  broker().Cancel(got->operation);
  EXPECT_EQ(got->reason(), Reason::kCancelled);
  broker().Cancel(got->operation);
  broker().Cancel({});
  broker().Cancel({"unknown", {1}});
  EXPECT_EQ(got->times, 1);
}

TEST_F(BrokerTest, AnItemThatDidNotReachItsCallerIsBackAtOnce) {
  Create();
  Submit(PutOne("x"));
  const auto got = Submit(GetOne());
  broker().Undelivered("default", got->deliveries());
  EXPECT_EQ(StatsOf().ready, 1u);
  const auto again = Submit(GetOne());
  EXPECT_EQ(again->deliveries().front().attempt, 1u) << "the attempt is not counted";
}

TEST_F(BrokerTest, APopIsFinishedWhenItReachedItsCaller) {
  Create();
  Submit(PutOne("x"));
  const auto got = Submit(PopOne());
  EXPECT_EQ(StatsOf().leased, 1u);
  broker().Delivered("default", got->deliveries());
  broker().Delivered("unknown", got->deliveries());
  EXPECT_EQ(StatsOf().done, 1u);
  EXPECT_EQ(StatsOf().unfinished, 0u);
}

TEST_F(BrokerTest, ADrainAnswersAllThatWaitsAndRefusesAllThatComes) {
  Create("a");
  Create("b", {.maxsize = 1});
  Submit(PutOne("x"), "b");
  const std::vector<HeardPtr> waiting = {Submit(GetOne(), "a"), Submit(PutOne("y"), "b"),
                                         Submit(Join{{"q"}, kForever, false}, "b")};
  broker().Drain();
  for (const HeardPtr& heard : waiting) {
    EXPECT_EQ(heard->times, 1);
    EXPECT_EQ(heard->reason(), Reason::kUnavailable);
    EXPECT_EQ(heard->answer.message, "the server is stopping; connect again");
  }
  EXPECT_EQ(Submit(GetOne(), "a")->reason(), Reason::kUnavailable);
  EXPECT_EQ(Submit(CreateQueue{"q", {}}, "new")->reason(), Reason::kUnavailable);
  Answer refusal;
  EXPECT_EQ(broker().OpenSession("late", 0ms, &refusal), nullptr);
  EXPECT_EQ(refusal.reason, Reason::kUnavailable);
  EXPECT_TRUE(broker().Status().draining);
  EXPECT_EQ(broker().Status().waiters, 0u);
  broker().Drain();
  for (const HeardPtr& heard : waiting) EXPECT_EQ(heard->times, 1);
}

TEST_F(BrokerTest, ItsEndAnswersWhatStillWaits) {
  Create();
  const auto got = Submit(GetOne());
  DestroyBroker();
  EXPECT_EQ(got->times, 1);
  EXPECT_EQ(got->reason(), Reason::kUnavailable);
}

TEST_F(BrokerTest, ASessionMayBeHeldLongerThanItsBroker) {
  Create();
  TestClient client(Open());
  client.Send(GetOne());
  DestroyBroker();
  EXPECT_EQ(client.sink->gone, 1);
  EXPECT_EQ(client.sink->reason, Reason::kUnavailable);
  client.session->Touch();
  client.Send(GetOne());
  client.Disconnect();
  client.session->End();
  EXPECT_FALSE(client.Connect().ok);
  EXPECT_TRUE(client.Take().empty());
}

TEST_F(BrokerTest, SubmitInTheNameOfASessionTiesLeasesToIt) {
  Create();
  Submit(PutOne("x"));
  TestClient client(Open());
  const auto got = Submit(GetOne(), "default", client.session->id());
  ASSERT_TRUE(got->answer.ok());
  EXPECT_TRUE(client.Take().empty()) << "the caller has the answer";
  client.session->End();
  EXPECT_EQ(StatsOf().ready, 1u);
  EXPECT_EQ(Submit(GetOne(), "default", client.session->id())->reason(), Reason::kSessionLost);
}

}  // namespace
}  // namespace sluice::broker
