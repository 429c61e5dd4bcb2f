// What a client says to a server that was started anew, and what makes its puts the same puts there.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/cpp/src/held_leases.h"
#include "tests/unit/client/conversation_fixture.h"

namespace sluice::detail {
namespace {

class RestartTest : public ConversationTest {
 protected:
  void SetUp() override {
    Make();
    Welcome(7, false);
  }
  // A get of an item that came with this fence.
  void Hold(std::uint64_t fence) {
    const Call get = Submit(GetFor());
    Next();
    Receive(get, Item(fence));
  }
  // What the next message says is held: "default/q: 5 6"; nullopt: nothing is said.
  std::optional<std::string> Held() {
    const v1::SessionRequest message = Next();
    if (!message.has_holding()) return std::nullopt;
    std::string text;
    for (const v1::HeldLeases& leases : message.holding().leases()) {
      text += (text.empty() ? "" : ", ") + leases.queue() + ":";
      for (const std::uint64_t fence : leases.fences()) text += " " + std::to_string(fence);
    }
    return text;
  }
  std::uint64_t NextSequence() {
    const v1::SessionRequest message = Next();
    EXPECT_EQ(message.operations_size(), 1);
    return message.operations_size() == 0 ? 0 : message.operations(0).put().sequence();
  }
};

// ---- all that is unanswered ----

TEST_F(RestartTest, AllThatIsUnansweredIsSentAgainWithItsNumber) {
  const Call get = Submit(GetFor());
  const Call put = Submit(PutOne());
  const Call stats = Submit(Stats{"q"});
  Next();
  Receive(put, Answer::Ok(PutResult{ItemId{1}, 1}));
  Submit(Peek{"q"});  // not sent yet
  Restart();
  EXPECT_EQ(Sent(), "get#1 stats#3 peek#4");
  Receive(get, Item(5));
  Receive(stats, Answer::Ok(StatsResult{}));
  EXPECT_EQ(get.ended(), Reason::kOk);
  EXPECT_EQ(stats.ended(), Reason::kOk);
}

TEST_F(RestartTest, WhatTheServerSaysItHasSeenCountsForNothing) {
  Submit(GetFor());
  Next();
  Break();
  Welcome(7, true, 1, true);
  EXPECT_EQ(Sent(), "get#1");
}

TEST_F(RestartTest, OfATimeoutTheRestIsSent) {
  Submit(GetFor(10s));
  Next();
  Break();
  now_ += 4s;
  Welcome(7, true, 0, true);
  EXPECT_EQ(Next().operations(0).get().timeout_ms(), 6'000);
}

TEST_F(RestartTest, ACancelIsSentAgainWithWhatItCancels) {
  const Call put = Submit(PutOne());
  Next();
  Cancel(put);
  Next();
  Restart();
  EXPECT_EQ(Sent(), "put#1 cancel#2(1)");
}

TEST_F(RestartTest, WhatNobodyWaitsForAnyMoreIsNotBegunAnew) {
  const Call get = Submit(GetFor());
  Next();
  Break();
  Cancel(get);
  Welcome(7, true, 0, true);
  EXPECT_EQ(Sent(), "");
}

TEST_F(RestartTest, AnswersAreCountedOn) {
  const Call stats = Submit(Stats{"q"});
  const Call get = Submit(GetFor());
  Next();
  Receive(stats, Answer::Ok(StatsResult{}));
  Break();
  EXPECT_EQ(conversation_->Hello().answers_seen(), 1u);
  Welcome(7, true, 0, true);
  Next();
  Receive(get, Item(5));
  Submit(Stats{"q"});
  EXPECT_EQ(Next().answers_seen(), 2u);
}

TEST_F(RestartTest, LeasesStayAndCallsWaitOn) {
  const Epoch epoch = leases_->epoch();
  std::stop_source source;
  leases_->Watch(epoch, source);
  const Call done = Submit(TaskDone{"q", {Fence{5}}});
  const Call get = Submit(GetFor());
  Next();
  Restart();
  EXPECT_FALSE(source.stop_requested());
  EXPECT_EQ(leases_->epoch(), epoch);
  EXPECT_EQ(done.ended(), std::nullopt);
  EXPECT_EQ(get.ended(), std::nullopt);
}

// ---- what is held ----

TEST_F(RestartTest, WhatIsHeldIsSaidOnceAndBeforeEverythingElse) {
  Hold(5);
  Hold(6);
  Submit(GetFor());
  Next();
  Restart();
  Conversation::Message message;
  ASSERT_TRUE(conversation_->NextMessage(now_, &message));
  ASSERT_TRUE(message.holding);
  EXPECT_EQ(message.holding->leases(0).fences_size(), 2);
  EXPECT_EQ(message.operations.size(), 1u) << "in the same message: the server looks at what is held first";
  Submit(Stats{"q"});
  EXPECT_EQ(Held(), std::nullopt);
}

TEST_F(RestartTest, AClientThatHoldsNothingSaysSo) {
  Restart();
  EXPECT_EQ(Held(), "");
}

TEST_F(RestartTest, AStreamThatIsResumedAsUsualIsToldNothing) {
  Hold(5);
  Break();
  Welcome(7, true, 1);
  Submit(Stats{"q"});
  EXPECT_EQ(Held(), std::nullopt);
}

TEST_F(RestartTest, AServerThatHasNotHeardItIsToldAgain) {
  Hold(5);
  Restart();
  EXPECT_EQ(Held(), "default/q: 5");
  Restart();
  EXPECT_EQ(Held(), "default/q: 5");
}

TEST_F(RestartTest, ALeaseIsHeldUntilItsEndIsAnswered) {
  for (const std::uint64_t fence : {5, 6, 7, 8, 9}) Hold(fence);
  const Call done = Submit(TaskDone{"q", {Fence{5}}});
  const Call fail = Submit(Fail{"q", {Fence{6}}, "why"});
  const Call release = Submit(sluice::Release{"q", {Fence{7}}});
  const Call extend = Submit(Extend{"q", {Fence{8}}});
  Next();
  Restart();
  EXPECT_EQ(Held(), "default/q: 5 6 7 8 9");
  Receive(done, Answer::Ok(TaskDoneResult{}));
  Receive(fail, Answer::Ok(FailResult{{}, 1, 0}));
  Receive(release, No(Reason::kLeaseLost));
  Receive(extend, Answer::Ok(ExtendResult{}));
  Restart();
  EXPECT_EQ(Held(), "default/q: 8 9");
}

TEST_F(RestartTest, WhatIsToldWithoutWaitingIsHeldUntilItsAnswer) {
  Hold(5);
  Tell(TaskDone{"q", {Fence{5}}});
  EXPECT_EQ(Sent(), "task_done#2");
  Restart();
  const v1::SessionRequest message = Next();
  EXPECT_EQ(message.holding().leases(0).fences(0), 5u);
  EXPECT_EQ(message.operations(0).task_done().fences(0), 5u);
  Receive(2, Answer::Ok(TaskDoneResult{}));
  Restart();
  EXPECT_EQ(Held(), "");
}

TEST_F(RestartTest, ALeaseThatWasNotTakenBackIsStillHeld) {
  Hold(5);
  const Call done = Submit(TaskDone{"q", {Fence{5}}});
  Next();
  Receive(done, No(Reason::kInternal));
  Restart();
  EXPECT_EQ(Held(), "default/q: 5");
}

TEST_F(RestartTest, APlainPopIsNotHeld) {
  Get pop = GetFor();
  pop.auto_ack = true;
  const Call call = Submit(pop);
  Next();
  Receive(call, Item(5));
  Restart();
  EXPECT_EQ(Held(), "");
}

TEST_F(RestartTest, APlainPopThatGoesBackIsHeldUntilItHas) {
  Get pop = GetFor();
  pop.auto_ack = true;
  const Call call = Submit(pop);
  Next();
  Break();
  Cancel(call);
  Welcome(7, true, 1);
  Next();  // the cancel
  Receive(call, Item(5));
  Next();  // the release
  Restart();
  const v1::SessionRequest message = Next();
  EXPECT_EQ(message.holding().leases(0).fences(0), 5u);
  ASSERT_EQ(message.operations_size(), 1);
  Receive(message.operations(0).id(), Answer::Ok(ReleaseResult{}));
  Submit(Stats{"q"});
  EXPECT_EQ(Next().answers_seen(), 1u) << "counted from what the hello said, which was nothing";
}

TEST_F(RestartTest, ALostSessionHoldsNothing) {
  Hold(5);
  Break();
  Welcome(8, false);
  Break();
  Welcome(8, true, 0, true);
  EXPECT_EQ(Held(), "");
}

TEST_F(RestartTest, LeasesAreNamedByQueue) {
  for (const char* queue : {"a", "b", "a"}) {
    Get get = GetFor();
    get.queue = queue;
    const Call call = Submit(get);
    Next();
    Receive(call, Item(call.operation->id + 10));
  }
  Restart();
  EXPECT_EQ(Held(), "default/a: 11 13, default/b: 12");
}

// ---- puts are the same puts ----

TEST_F(RestartTest, EveryHelloNamesTheProducer) {
  EXPECT_EQ(conversation_->Hello().hello().producer(), "producer");
  Break();
  EXPECT_EQ(conversation_->Hello().hello().producer(), "producer");
  Welcome(8, false);
  EXPECT_EQ(conversation_->Hello().hello().producer(), "producer");
}

TEST_F(RestartTest, EveryPutHasASequenceOfItsOwn) {
  Submit(PutOne());
  EXPECT_EQ(NextSequence(), 1u);
  Submit(PutOne());
  EXPECT_EQ(NextSequence(), 2u);
}

TEST_F(RestartTest, APutKeepsItsSequenceWhereverItIsSentAgain) {
  const Call put = Submit(PutOne());
  EXPECT_EQ(NextSequence(), 1u);
  Break();
  Welcome(7, true, 0);
  EXPECT_EQ(NextSequence(), 1u) << "resumed";
  Restart();
  EXPECT_EQ(NextSequence(), 1u) << "at a server that was restarted";
  Break();
  Welcome(8, false);
  EXPECT_EQ(NextSequence(), 1u) << "in another session";
  Receive(put, No(Reason::kUnavailable));
  now_ += 200ms;
  EXPECT_EQ(NextSequence(), 1u) << "refused, with another number";
  Submit(PutOne());
  EXPECT_EQ(NextSequence(), 2u);
}

TEST_F(RestartTest, WhatIsRefusedToTheEndEndsWithWhatTheServerSaid) {
  Put put = PutOne();
  put.timeout = 1s;
  const Call call = Submit(put);
  Next();
  Receive(call, Answer::Refused(Reason::kUnavailable, "the disk is full: make space"));
  Pass(10s);
  ASSERT_EQ(call.ended(), Reason::kUnavailable);
  EXPECT_EQ(call.answers->front().message, "the Sluice server at server:1 refuses it: the disk is full: make space");
}

TEST_F(RestartTest, ARequestIdTakesTheSequencesPlace) {
  Put put = PutOne();
  put.producer = "once";
  Submit(put);
  const v1::SessionRequest message = Next();
  EXPECT_EQ(message.operations(0).put().request_id(), "once");
  EXPECT_EQ(message.operations(0).put().sequence(), 0u);
}

TEST_F(RestartTest, APutThatIsCancelledInAShortOutageFindsOutWhatBecameOfIt) {
  const Call put = Submit(PutOne());
  Next();
  Break();
  Cancel(put);
  EXPECT_EQ(put.ended(), std::nullopt);
  Pass(1'999ms);
  Welcome(7, true, 0, true);
  EXPECT_EQ(Sent(), "put#1 cancel#2(1)");
  Receive(put, Answer::Ok(PutResult{ItemId{1}, 1, Durability::kFsync, true}));
  EXPECT_EQ(put.ended(), Reason::kOk);
}

TEST_F(RestartTest, APutThatWasCancelledBeforeTheOutageFindsOutToo) {
  const Call put = Submit(PutOne());
  Next();
  Cancel(put);
  Next();
  Break();
  EXPECT_EQ(put.ended(), std::nullopt);
  Welcome(8, false);
  EXPECT_EQ(Sent(), "put#1 cancel#2(1)");
}

TEST_F(RestartTest, ACancelledPutDoesNotWaitLongForTheServer) {
  const Call put = Submit(PutOne());
  Next();
  Break();
  Cancel(put);
  Pass(2s);
  EXPECT_EQ(put.ended(), Reason::kCancelled);
  Welcome(7, true, 0, true);
  EXPECT_EQ(Sent(), "");
}

TEST_F(RestartTest, APutIsNotSentAgainToAServerThatMayHaveForgottenIt) {
  const Call told = Submit(PutOne());
  Next();
  Break();
  Pass(9min);
  EXPECT_EQ(told.ended(), std::nullopt) << "it waits for ever";
  now_ += 1ms;
  Welcome(7, true, 0, true);
  EXPECT_EQ(told.ended(), Reason::kUnavailable) << "nobody can find out any more";
  EXPECT_EQ(Sent(), "");
}

TEST_F(RestartTest, ASessionThatIsResumedKnowsItsPutsForEver) {
  const Call put = Submit(PutOne());
  Next();
  Break();
  Pass(1h);
  Welcome(7, true, 1);
  EXPECT_EQ(put.ended(), std::nullopt);
}

TEST_F(RestartTest, APutThatNeverLeftIsSentHoweverLongItTook) {
  Submit(PutOne());
  Break();
  now_ += 1h;
  Welcome(8, false);
  EXPECT_EQ(Sent(), "put#1");
}

// ---- told without waiting ----

TEST_F(RestartTest, WhatAStoppingServerRefusesIsToldAgain) {
  Hold(5);
  Tell(TaskDone{"q", {Fence{5}}});
  for (std::uint64_t id = 2; id < 100; ++id) {  // for as long as it takes
    EXPECT_EQ(Sent(), "task_done#" + std::to_string(id));
    Receive(id, No(Reason::kUnavailable));
    EXPECT_EQ(Sent(), "") << "not at once";
    Pass(200ms);
  }
}

TEST_F(RestartTest, WhatWasRefusedIsToldTheRestartedServer) {
  Hold(5);
  Tell(TaskDone{"q", {Fence{5}}});
  Next();
  Receive(2, No(Reason::kUnavailable));
  Restart();
  const v1::SessionRequest message = Next();
  EXPECT_EQ(message.holding().leases(0).fences(0), 5u);
  EXPECT_EQ(message.operations(0).task_done().fences(0), 5u);
}

TEST_F(RestartTest, AClientThatIsClosedTriesOnceMore) {
  Hold(5);
  Tell(TaskDone{"q", {Fence{5}}});
  Next();
  Receive(2, No(Reason::kUnavailable));
  Run([&](auto& effects) { conversation_->Close(effects); });
  EXPECT_EQ(Sent(), "task_done#3");
}

TEST_F(RestartTest, WhatSpeaksOfALostLeaseIsNotToldAgain) {
  Hold(5);
  Tell(TaskDone{"q", {Fence{5}}});
  Next();
  Receive(2, No(Reason::kUnavailable));
  Break();
  Welcome(8, false);
  now_ += 1s;
  EXPECT_EQ(Sent(), "");
}

// ---- the numbers of what is held ----

TEST(HeldFencesTest, AreASetInAnyOrder) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    HeldFences fences;
    std::set<std::uint64_t> expected;
    const std::uint64_t range = 1 + random() % 60;
    for (int step = 0; step < 300; ++step) {
      const std::uint64_t fence = 1 + random() % range;
      if (random() % 2 == 0) {
        fences.Add({fence});
        expected.insert(fence);
      } else {
        fences.Remove({fence});
        expected.erase(fence);
      }
      ASSERT_EQ(fences.size(), expected.size());
      ASSERT_EQ(fences.empty(), expected.empty());
    }
    std::vector<std::uint64_t> named;
    fences.ForEach([&](Fence fence) { named.push_back(fence.value); });
    ASSERT_TRUE(std::equal(named.begin(), named.end(), expected.begin(), expected.end()));
  }
}

}  // namespace
}  // namespace sluice::detail
