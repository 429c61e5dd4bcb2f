// Clients that work in step: who is answered together is written together the next time.
#include "server/broker/gathering.h"

#include "tests/unit/server/broker/durable_broker_fixture.h"

namespace sluice::broker {
namespace {

class Gathered : public DurableBroker {
 protected:
  void SetUp() override {
    Create();
    journal_->Hold(true);
  }
  // Two groups of one: the first one's batch is on its way, the other waits; then the first one's is durable.
  void WriteOneWhileAnotherWaits(Duration takes) {
    first_ = Submit(PutOne("first"));
    other_ = Submit(PutOne("other"));
    ASSERT_EQ(journal_->held(), 1u);
    Pass(takes);
    ASSERT_TRUE(journal_->Commit());
    ASSERT_EQ(first_->times, 1);
    ASSERT_TRUE(other_->waits());
  }
  bool IsOnItsWay() const { return journal_->held() == 1; }

  HeardPtr first_, other_;
};

TEST_F(Gathered, WhoWasAnsweredComesIntoTheNextBatch) {
  WriteOneWhileAnotherWaits(8ms);
  EXPECT_FALSE(IsOnItsWay());
  const auto again = Submit(PutOne("again"));
  EXPECT_TRUE(IsOnItsWay()) << "all are there";
  ASSERT_TRUE(journal_->Commit());
  EXPECT_EQ(other_->times, 1);
  EXPECT_EQ(again->times, 1);
}

TEST_F(Gathered, OneGroupStaysOne) {
  WriteOneWhileAnotherWaits(8ms);
  Submit(PutOne("again"));
  Pass(8ms);
  ASSERT_TRUE(journal_->Commit());
  Submit(PutOne("one"));
  EXPECT_FALSE(IsOnItsWay());
  Submit(PutOne("two"));
  EXPECT_TRUE(IsOnItsWay());
}

TEST_F(Gathered, NobodyIsWaitedForLongerThanHalfABatch) {
  WriteOneWhileAnotherWaits(8ms);
  Pass(3ms);
  EXPECT_FALSE(IsOnItsWay());
  Pass(1ms);
  EXPECT_TRUE(IsOnItsWay());
  ASSERT_TRUE(journal_->Commit());
  EXPECT_EQ(other_->times, 1);
}

TEST_F(Gathered, NorLongerThanTheLimitHoweverLongABatchTakes) {
  WriteOneWhileAnotherWaits(10s);
  Pass(Gathering::kMost);
  EXPECT_TRUE(IsOnItsWay());
}

TEST_F(Gathered, WhoDoesNotComeBackIsNotWaitedForTheNextTime) {
  WriteOneWhileAnotherWaits(8ms);
  Pass(4ms);
  ASSERT_TRUE(IsOnItsWay());
  Submit(PutOne("a"));
  Pass(8ms);
  ASSERT_TRUE(journal_->Commit());
  EXPECT_TRUE(IsOnItsWay()) << "it did not help before";
}

TEST_F(Gathered, ABatchThatTakesLittleIsFollowedAtOnce) {
  WriteOneWhileAnotherWaits(Gathering::kWorthIt - 1us);
  EXPECT_TRUE(IsOnItsWay());
}

TEST_F(Gathered, AClientAloneWaitsForNobody) {
  for (int i = 0; i < 3; ++i) {
    const auto put = Submit(PutOne("alone"));
    EXPECT_TRUE(IsOnItsWay());
    Pass(8ms);
    ASSERT_TRUE(journal_->Commit());
    EXPECT_EQ(put->times, 1);
  }
}

TEST_F(Gathered, AtAStopNobodyIsWaitedFor) {
  WriteOneWhileAnotherWaits(8ms);
  journal_->Hold(false);
  broker_->Drain();
  EXPECT_EQ(other_->times, 1);
}

}  // namespace
}  // namespace sluice::broker
