// A recall reaches the stream of the session that holds items in advance, and nobody else.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/server/broker/broker_fixture.h"

namespace sluice::broker {
namespace {

using Names = std::vector<std::string>;
const Names kNone;

Get GetOf(Prefetch prefetch, std::uint32_t max_items = 10) {
  Get get = GetOne();
  get.max_items = max_items;
  get.prefetch = prefetch;
  return get;
}

class PrefetchTest : public BrokerTest {
 protected:
  void SetUp() override {
    Create();
    hoarder = std::make_unique<TestClient>(Open());
  }
  // It has `items` in advance.
  std::vector<Delivery> Hoard(const Names& items, const std::string& space = "default") {
    for (const std::string& item : items) Submit(PutOne(item), space);
    hoarder->Send(GetOf(Prefetch::kAhead), space);
    return std::get<GetResult>(hoarder->TakeOne().answer->result).deliveries;
  }

  std::unique_ptr<TestClient> hoarder;
};

TEST_F(PrefetchTest, WhoHoldsItemsInAdvanceIsWokenAndToldWhenAnotherStarves) {
  const auto held = Hoard({"a", "b"});
  const int woken = hoarder->sink->wakes;
  const HeardPtr starves = Submit(GetOne());
  EXPECT_EQ(hoarder->sink->wakes, woken + 1);
  EXPECT_EQ(hoarder->TakeRecalls(), Names{"default/q"});
  EXPECT_EQ(hoarder->TakeRecalls(), kNone) << "once";
  hoarder->Send(Release{"q", {held.back().fence}});
  EXPECT_EQ(starves->deliveries().front().content->payload.view(), "b");
}

TEST_F(PrefetchTest, ARecallGoesOutWithTheAnswerOfTheSameStep) {
  hoarder->Send(GetOf(Prefetch::kAhead));
  TestClient starving(Open());
  const int woken = hoarder->sink->wakes;
  starving.session->SubmitAll({{1, RoutedCommand{"default", PutOne("a")}}, {2, RoutedCommand{"default", GetOne()}}});
  EXPECT_EQ(hoarder->sink->wakes, woken + 1) << "one message";
  std::vector<SessionRecall> recalls;
  EXPECT_EQ(hoarder->session->TakeAnswers(hoarder->sink.get(), 10, 1'000, &recalls).size(), 1u);
  ASSERT_EQ(recalls.size(), 1u);
  EXPECT_EQ(recalls.front().last, Fence{1}) << "it speaks of what comes with it";
}

TEST_F(PrefetchTest, EachQueueIsToldOnceInAMessageWhateverItsNamespace) {
  Create("other");
  Hoard({"a"});
  Hoard({"b"}, "other");
  Submit(GetOne());
  Submit(GetOne(), "other");
  Submit(Shutdown{"q", true});
  EXPECT_EQ(hoarder->TakeRecalls(), (Names{"default/q", "other/q"}));
}

TEST_F(PrefetchTest, AStreamThatIsAwayMissesNothing) {
  Hoard({"a"});
  hoarder->Disconnect();
  Submit(GetOne());
  hoarder->Connect(1);
  EXPECT_EQ(hoarder->TakeRecalls(), Names{"default/q"});
}

TEST_F(PrefetchTest, WhatAStreamTookWithItIsToldToTheOneThatTakesTheSessionOver) {
  Hoard({"a"});
  Submit(GetOne());
  EXPECT_EQ(hoarder->TakeRecalls(), Names{"default/q"});
  const auto old = hoarder->sink;
  hoarder->Connect(1);
  std::vector<SessionRecall> recalls;
  hoarder->session->TakeAnswers(old.get(), 10, 1'000, &recalls);
  EXPECT_TRUE(recalls.empty());
  EXPECT_EQ(hoarder->TakeRecalls(), Names{"default/q"});
}

TEST_F(PrefetchTest, AReasonThatIsGoneIsNotToldToANewStream) {
  Hoard({"a"});
  hoarder->Disconnect();
  const HeardPtr starves = Submit(GetOne());
  Submit(PutOne("b"));
  EXPECT_FALSE(starves->waits());
  hoarder->Connect(1);
  EXPECT_EQ(hoarder->TakeRecalls(), kNone);
}

TEST_F(PrefetchTest, ASessionThatHasEndedIsToldNothing) {
  Hoard({"a"});
  const HeardPtr starves = Submit(GetOne());
  hoarder->session->End();
  EXPECT_EQ(hoarder->TakeRecalls(), kNone);
  EXPECT_FALSE(starves->waits());
}

TEST_F(PrefetchTest, AUnaryCallCannotGetInAdvance) {
  for (const Prefetch prefetch : {Prefetch::kAhead, Prefetch::kWanted}) {
    EXPECT_EQ(Submit(GetOf(prefetch))->reason(), Reason::kInvalidArgument);
  }
  EXPECT_EQ(broker().Status().waiters, 0u);
}

TEST_F(PrefetchTest, AnOperationInASessionsNameHoldsItsItemsInAdvance) {
  Submit(PutOne("a"));
  EXPECT_TRUE(Submit(GetOf(Prefetch::kAhead), "default", hoarder->session->id())->answer.ok());
  Submit(GetOne());
  EXPECT_EQ(hoarder->TakeRecalls(), Names{"default/q"});
}

}  // namespace
}  // namespace sluice::broker
