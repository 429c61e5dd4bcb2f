// The server's memory: a put in one namespace waits for what another one frees.
#include <gtest/gtest.h>

#include "tests/unit/server/broker/broker_fixture.h"

namespace sluice::broker {
namespace {

class Memory : public BrokerTest {
 protected:
  static constexpr std::size_t kBytes = 10'000;

  Memory() { options.memory_bytes = 2 * (kBytes + limits::kItemOverheadBytes); }  // for two items
  static Put Big() { return PutOne(std::string(kBytes, 'x')); }
  static Put Small() { return PutOne(std::string(kBytes / 4, 'x')); }
  // Gets one item and finishes it.
  void Consume(const std::string& space) {
    const auto got = Submit(GetOne(0ms), space);
    ASSERT_TRUE(got->answer.ok());
    ASSERT_TRUE(Submit(TaskDone{"q", {got->deliveries().front().fence}}, space)->answer.ok());
  }
};

TEST_F(Memory, FreedInOneNamespaceServesAPutThatWaitsInAnother) {
  Create("a");
  Create("b");
  Submit(Big(), "a");
  Submit(Big(), "a");
  EXPECT_EQ(broker().Status().memory_used, broker().Status().memory_limit);
  const auto put = Submit(Small(), "b");
  EXPECT_TRUE(put->waits());
  Consume("a");
  EXPECT_EQ(put->times, 1);
  EXPECT_TRUE(put->answer.ok());
  EXPECT_EQ(StatsOf("b").ready, 1u);
}

TEST_F(Memory, ServesThoseWhoWaitInTheOrderInWhichTheyBegan) {
  options.memory_bytes = 8 * (kBytes + limits::kItemOverheadBytes);  // a quarter as much may wait
  for (const char* space : {"a", "b", "c"}) Create(space);
  for (int item = 0; item < 8; ++item) Submit(Big(), "a");
  const auto second = Submit(Big(), "c");
  const auto third = Submit(Big(), "b");
  Consume("a");
  EXPECT_EQ(second->times, 1);
  EXPECT_EQ(third->times, 0);
  Consume("a");
  EXPECT_EQ(third->times, 1);
}

TEST_F(Memory, ANamespaceThatWaitsNoLongerIsNotRetried) {
  Create("a");
  Create("b");
  Submit(Big(), "a");
  Submit(Big(), "a");
  const auto put = Submit(Small(), "b");
  broker().Cancel(put->operation);
  EXPECT_EQ(put->reason(), Reason::kCancelled);
  Consume("a");
  EXPECT_EQ(StatsOf("b").ready, 0u);
  const auto again = Submit(Small(), "b");
  EXPECT_TRUE(again->answer.ok());
}

TEST_F(Memory, APutOfASessionThatLeftIsNotServedWhileItIsGone) {
  Create("a");
  Create("b");
  TestClient client(Open());
  Submit(Big(), "a");
  Submit(Big(), "a");
  client.Send(Small(), "b");
  client.Disconnect();
  Consume("a");
  EXPECT_EQ(StatsOf("b").ready, 0u);
  client.Connect();
  EXPECT_EQ(StatsOf("b").ready, 1u) << "what was freed meanwhile is taken when it is back";
  EXPECT_TRUE(client.TakeOne().answer->ok());
}

}  // namespace
}  // namespace sluice::broker
