// Bounds over all namespaces.
#include <gtest/gtest.h>

#include "tests/unit/server/broker/broker_fixture.h"

namespace sluice::broker {
namespace {

using Limits = BrokerTest;

TEST_F(Limits, WaitersOfAllNamespacesTogether) {
  options.max_waiters = 2;
  Create("a");
  Create("b");
  const auto first = Submit(GetOne(), "a");
  Submit(GetOne(), "b");
  EXPECT_EQ(Submit(GetOne(), "a")->reason(), Reason::kLimitReached);
  EXPECT_EQ(Submit(GetOne(0ms), "a")->reason(), Reason::kEmpty) << "this one does not wait";
  EXPECT_TRUE(Submit(PutOne("x"), "a")->answer.ok());
  EXPECT_EQ(first->times, 1);
  EXPECT_TRUE(Submit(GetOne(), "a")->waits());
}

TEST_F(Limits, QueuesOfAllNamespacesTogether) {
  options.max_queues = 2;
  Create("a");
  Create("b");
  EXPECT_EQ(Submit(CreateQueue{"r", {}}, "a")->reason(), Reason::kLimitReached);
  EXPECT_EQ(Submit(CreateQueue{"r", {}}, "c")->reason(), Reason::kLimitReached);
  EXPECT_EQ(broker().Status().namespaces, 2u) << "a refused create leaves nothing behind";
  Put put = PutOne("x");
  put.create = QueueSettings{};
  EXPECT_TRUE(Submit(put, "a")->answer.ok()) << "its queue exists";
  put.queue = "r";
  EXPECT_EQ(Submit(put, "a")->reason(), Reason::kLimitReached);
  EXPECT_TRUE(Submit(CreateQueue{"q", {}}, "a")->answer.ok());
  EXPECT_TRUE(Submit(DeleteQueue{"q"}, "b")->answer.ok());
  EXPECT_TRUE(Submit(CreateQueue{"r", {}}, "a")->answer.ok());
  EXPECT_EQ(broker().Status().queues, 2u);
}

TEST_F(Limits, Namespaces) {
  options.max_namespaces = 1;
  Create("a");
  EXPECT_EQ(Submit(CreateQueue{"q", {}}, "b")->reason(), Reason::kLimitReached);
  EXPECT_TRUE(Submit(CreateQueue{"r", {}}, "a")->answer.ok());
}

TEST_F(Limits, SessionsUntilOneEnds) {
  options.max_sessions = 1;
  const auto session = Open();
  Answer refusal;
  EXPECT_EQ(broker().OpenSession("second", 0ms, &refusal), nullptr);
  EXPECT_EQ(refusal.reason, Reason::kLimitReached);
  session->End();
  EXPECT_NE(broker().OpenSession("third", 0ms, &refusal), nullptr);
}

TEST_F(Limits, LeasesOfSessionsAreClamped) {
  EXPECT_EQ(Open(0ms)->lease(), limits::kDefaultLease);
  EXPECT_EQ(Open(1ms)->lease(), limits::kMinLease);
  EXPECT_EQ(Open(48h)->lease(), limits::kMaxLease);
  EXPECT_EQ(Open(5s)->lease(), 5s);
}

TEST_F(Limits, ASessionThatConfirmsNothingEndsWhenItsAnswersAreTooMany) {
  TestClient client(Open());
  for (std::size_t answer = 0; answer < limits::kRetainedAnswers; ++answer) {
    client.session->Refuse(++client.operation, Answer::Refused(Reason::kInvalidArgument, ""));
  }
  EXPECT_EQ(client.sink->gone, 0);
  client.session->Refuse(++client.operation, Answer::Refused(Reason::kInvalidArgument, ""));
  EXPECT_EQ(client.sink->gone, 1);
  EXPECT_EQ(client.sink->reason, Reason::kLimitReached);
  EXPECT_NE(client.sink->message.find("65536"), std::string::npos) << client.sink->message;
  EXPECT_EQ(broker().Status().sessions, 0u);
}

}  // namespace
}  // namespace sluice::broker
