// The client's half of a session, without a network and without a clock.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/client/conversation_fixture.h"

namespace sluice::detail {
namespace {

TEST_F(ConversationTest, WhatAccumulatesGoesOutAsOneMessage) {
  Make();
  Welcome(7, false);
  Submit(GetFor());
  Submit(PutOne());
  Submit(Stats{"q"});
  EXPECT_EQ(Sent(), "get#1 put#2 stats#3");
  EXPECT_EQ(Sent(), "");
}

TEST_F(ConversationTest, AnAnswerEndsItsOperationOnce) {
  Make();
  Welcome(7, false);
  const Call get = Submit(GetFor());
  Next();
  const std::uint64_t id = get.operation->id;
  Receive(id, Item(5));
  EXPECT_EQ(get.ended(), Reason::kOk);
  Receive(id, Item(5));  // sent twice
  EXPECT_EQ(get.answers->size(), 1u);
}

TEST_F(ConversationTest, AfterResumingItSendsWhatTheServerHasNotSeen) {
  Make();
  Welcome(7, false);
  const Call first = Submit(GetFor());
  const Call second = Submit(PutOne());
  Next();
  Break();
  EXPECT_EQ(conversation_->Hello().hello().session(), 7u);
  EXPECT_EQ(conversation_->Hello().hello().token(), "token7");
  Welcome(7, true, 1);
  EXPECT_EQ(Sent(), "put#2");
  Receive(first, Item(5));
  Receive(second, Answer::Ok(PutResult{ItemId{1}, 1}));
  EXPECT_EQ(first.ended(), Reason::kOk);
  EXPECT_EQ(second.ended(), Reason::kOk);
}

TEST_F(ConversationTest, AHelloSaysHowManyAnswersCame) {
  Make();
  Welcome(7, false);
  const Call stats = Submit(Stats{"q"});
  Submit(GetFor());
  Next();
  Receive(stats, Answer::Ok(StatsResult{}));
  Break();
  EXPECT_EQ(conversation_->Hello().answers_seen(), 1u);
}

TEST_F(ConversationTest, AnswersAreConfirmedWithTheNextMessage) {
  Make();
  Welcome(7, false);
  const Call stats = Submit(Stats{"q"});
  Next();
  Receive(stats, Answer::Ok(StatsResult{}));
  Submit(Stats{"q"});
  EXPECT_EQ(Next().answers_seen(), 1u);
}

TEST_F(ConversationTest, ManyAnswersAreConfirmedByThemselves) {
  Make();
  Welcome(7, false);
  std::vector<Call> calls;
  for (int i = 0; i < 256; ++i) calls.push_back(Submit(Stats{"q"}));
  Next();
  Conversation::Message message;
  for (int i = 0; i < 255; ++i) Receive(calls[i], Answer::Ok(StatsResult{}));
  EXPECT_FALSE(conversation_->NextMessage(now_, &message));
  Receive(calls[255], Answer::Ok(StatsResult{}));
  EXPECT_EQ(Next().answers_seen(), 256u);
}

TEST_F(ConversationTest, APlainPopIsConfirmedAtOnce) {
  Make();
  Welcome(7, false);
  Get pop = GetFor();
  pop.auto_ack = true;
  const Call call = Submit(pop);
  Next();
  Receive(call, Item(5));
  EXPECT_EQ(Next().answers_seen(), 1u);
}

TEST_F(ConversationTest, ALostSessionBeginsWhatWaitedAnewWithTheRestOfItsTimeout) {
  Make();
  Welcome(7, false);
  Submit(GetFor(10s));
  Submit(PutOne());
  Next();
  Break();
  now_ += 4s;
  Welcome(8, false);
  const v1::SessionRequest message = Next();
  ASSERT_EQ(message.operations_size(), 2);
  EXPECT_EQ(message.operations(0).get().timeout_ms(), 6'000);
  EXPECT_FALSE(message.operations(1).put().has_timeout_ms());
  EXPECT_EQ(message.answers_seen(), 0u);
}

TEST_F(ConversationTest, ALostSessionLosesItsLeases) {
  Make();
  Welcome(7, false);
  const Epoch epoch = leases_->epoch();
  std::stop_source source;
  leases_->Watch(epoch, source);
  const Call done = Submit(TaskDone{"q", {Fence{5}}});
  const Call fail = Submit(Fail{"q", {Fence{6}}, "no"});
  Next();
  Break();
  EXPECT_FALSE(source.stop_requested()) << "not lost while the session may be resumed";
  Welcome(8, false);
  EXPECT_TRUE(source.stop_requested());
  EXPECT_NE(leases_->epoch(), epoch);
  EXPECT_EQ(done.ended(), Reason::kLeaseLost);
  EXPECT_EQ(fail.ended(), Reason::kLeaseLost);
  EXPECT_EQ(Sent(), "") << "fences of another server must not be sent to this one";
}

TEST_F(ConversationTest, AResumedSessionKeepsItsLeases) {
  Make();
  Welcome(7, false);
  std::stop_source source;
  leases_->Watch(leases_->epoch(), source);
  const Call done = Submit(TaskDone{"q", {Fence{5}}});
  Next();
  Break();
  Welcome(7, true, 0);
  EXPECT_FALSE(source.stop_requested());
  EXPECT_EQ(Sent(), "task_done#1");
  EXPECT_EQ(done.ended(), std::nullopt);
}

TEST_F(ConversationTest, SessionLostAsAnAnswerIsALostSessionNotAnAnswer) {
  Make();
  Welcome(7, false);
  const Call get = Submit(GetFor());
  Next();
  Receive(get, No(Reason::kSessionLost));
  EXPECT_TRUE(session_lost_);
  EXPECT_EQ(get.ended(), std::nullopt);
  EXPECT_FALSE(conversation_->has_session());
  Break();
  Welcome(8, false);
  EXPECT_EQ(Sent(), "get#1");
}

TEST_F(ConversationTest, ACancelledCallIsAnsweredByTheServer) {
  Make();
  Welcome(7, false);
  const Call get = Submit(GetFor());
  Next();
  Cancel(get);
  EXPECT_EQ(Sent(), "cancel#2(1)");
  EXPECT_EQ(get.ended(), std::nullopt);
  Receive(get, Item(5));  // the item was faster
  EXPECT_EQ(get.ended(), Reason::kOk);
}

TEST_F(ConversationTest, ACancelledCallThatWasNotSentIsForgotten) {
  Make();
  Welcome(7, false);
  const Call get = Submit(GetFor());
  Cancel(get);
  EXPECT_EQ(get.ended(), Reason::kCancelled);
  EXPECT_EQ(Sent(), "");
}

TEST_F(ConversationTest, ACancelDuringAnOutageEndsAtOnceAndItsItemGoesBack) {
  Make();
  Welcome(7, false);
  const Call get = Submit(GetFor());
  Next();
  Break();
  Cancel(get);
  EXPECT_EQ(get.ended(), Reason::kCancelled);
  Welcome(7, true, 1);
  EXPECT_EQ(Sent(), "cancel#2(1)");
  Receive(get, Item(5));
  EXPECT_EQ(Sent(), "release#3");
  EXPECT_EQ(get.answers->size(), 1u);
}

TEST_F(ConversationTest, ASilentServerDoesNotKeepACancelledCall) {
  Make();
  Welcome(7, false);
  const Call get = Submit(GetFor());
  Next();
  Cancel(get);
  Pass(1'999ms);
  EXPECT_EQ(get.ended(), std::nullopt);
  Pass(1ms);
  EXPECT_EQ(get.ended(), Reason::kCancelled);
  Next();
  Receive(get, Item(5));
  EXPECT_EQ(Sent(), "release#3");
}

TEST_F(ConversationTest, AnAbandonedPlainPopIsReleasedBeforeItIsConfirmed) {
  Make();
  Welcome(7, false);
  Get pop = GetFor();
  pop.auto_ack = true;
  const Call call = Submit(pop);
  Next();
  Break();
  Cancel(call);
  Welcome(7, true, 1);
  Next();  // the cancel
  Receive(call, Item(5));
  const v1::SessionRequest message = Next();
  ASSERT_EQ(message.operations_size(), 1);
  EXPECT_TRUE(message.operations(0).has_release());
  EXPECT_EQ(message.answers_seen(), 0u) << "a confirmed pop is finished";
  Receive(message.operations(0).id(), Answer::Ok(ReleaseResult{}));
  Submit(Stats{"q"});
  EXPECT_EQ(Next().answers_seen(), 2u);
}

TEST_F(ConversationTest, ACallMadeWhileDisconnectedEndsWithUnavailableAndIsNeverSent) {
  Make();
  Welcome(7, false);
  Break();
  const Call put = Submit(PutOne());
  Pass(999ms);
  EXPECT_EQ(put.ended(), std::nullopt);
  Pass(1ms);
  ASSERT_EQ(put.ended(), Reason::kUnavailable);
  EXPECT_NE(put.answers->front().message.find("server:1"), std::string::npos);
  EXPECT_NE(put.answers->front().message.find("cut"), std::string::npos);
  Welcome(7, true, 0);
  EXPECT_EQ(Sent(), "");
}

TEST_F(ConversationTest, ACallThatWaitsForEverSurvivesAnyOutage) {
  Make();
  Welcome(7, false);
  const Call get = Submit(GetFor());
  Next();
  Break();
  Pass(24h);
  EXPECT_EQ(get.ended(), std::nullopt);
  Welcome(8, false);
  EXPECT_EQ(Sent(), "get#1");
}

TEST_F(ConversationTest, ACallWithATimeoutSurvivesUntilAfterIt) {
  Make();
  Welcome(7, false);
  const Call get = Submit(GetFor(10s));
  Next();
  Break();
  Pass(10'999ms);
  EXPECT_EQ(get.ended(), std::nullopt);
  Pass(1ms);
  EXPECT_EQ(get.ended(), Reason::kUnavailable) << "never Empty";
}

TEST_F(ConversationTest, WithoutRetryForeverAnOutageEndsEveryCall) {
  Make(false);
  Welcome(7, false);
  const Call get = Submit(GetFor());
  Next();
  Break();
  Pass(1s);
  EXPECT_EQ(get.ended(), Reason::kUnavailable);
}

TEST_F(ConversationTest, ANowaitCallThatWasGivenUpIsNotSentAgain) {
  Make();
  Welcome(7, false);
  Put put = PutOne();
  put.timeout = 0ms;
  const Call call = Submit(put);
  Next();
  Break();
  Pass(1s);
  EXPECT_EQ(call.ended(), Reason::kUnavailable);
  Welcome(7, true, 0);  // it was lost on the way
  EXPECT_EQ(Sent(), "");
}

TEST_F(ConversationTest, WhatAStoppingServerRefusesIsSentAgainLater) {
  Make();
  Welcome(7, false);
  const Call get = Submit(GetFor());
  Next();
  Receive(get, No(Reason::kUnavailable));
  EXPECT_EQ(get.ended(), std::nullopt);
  EXPECT_EQ(Sent(), "") << "not at once";
  Pass(200ms);
  EXPECT_EQ(Sent(), "get#2");
  Cancel(get);
  EXPECT_EQ(Sent(), "cancel#3(2)");
}

TEST_F(ConversationTest, ARefusedNowaitCallIsTriedUntilTheConnectTimeout) {
  Make();
  Welcome(7, false);
  const Call stats = Submit(Stats{"q"});
  for (int i = 0; i < 5; ++i) {
    Next();
    EXPECT_EQ(stats.ended(), std::nullopt);
    Receive(stats, No(Reason::kUnavailable));
    Pass(200ms);
  }
  EXPECT_EQ(stats.ended(), Reason::kUnavailable);
}

TEST_F(ConversationTest, TheWindowIsFullOfWhatIsUnsentOnly) {
  Make();
  Welcome(7, false);
  const Call put = Submit(PutOne());
  put.operation->bytes = 0;
  const auto large = std::make_shared<RemoteOperation>();
  large->command = PutOne();
  large->space = "default";
  large->bytes = 16u << 20;
  conversation_->Add(large, now_);
  EXPECT_TRUE(conversation_->window_full());
  while (Next().operations_size() > 0) {
  }
  EXPECT_FALSE(conversation_->window_full()) << "a put that waits on the server must not keep others from going there";
}

TEST_F(ConversationTest, CloseEndsEverything) {
  Make();
  Welcome(7, false);
  std::stop_source source;
  leases_->Watch(leases_->epoch(), source);
  const Call get = Submit(GetFor());
  Run([&](auto& effects) { conversation_->Close(effects); });
  EXPECT_EQ(get.ended(), Reason::kCancelled);
  EXPECT_TRUE(source.stop_requested());
  Cancel(get);  // no effect
  EXPECT_EQ(conversation_->NextDeadline(now_), std::nullopt);
}

}  // namespace
}  // namespace sluice::detail
