// Sessions outlive their broker: workers come back to the next one.
#include <cstdint>
#include <optional>

#include "tests/unit/server/broker/durable_broker_fixture.h"

namespace sluice::broker {
namespace {

// A worker that has asked for the only item in a session, and has not read the answer.
class DurableSession : public DurableBroker {
 protected:
  DurableSession() {
    Create();
    Submit(PutOne("a"));
    Answer refusal;
    worker.emplace(broker_->OpenSession("worker", 30s, &refusal));
    worker->Send(GetOne());
  }

  Fence TakeFence() { return std::get<GetResult>(worker->Take().at(0).answer->result).deliveries.front().fence; }
  // To a server that was started anew.
  void ComeBack(std::uint64_t answers_seen) {
    worker->session = broker_->FindSession(worker->session->id(), worker->session->token());
    ASSERT_NE(worker->session, nullptr);
    const Session::Attached attached = worker->Connect(answers_seen);
    EXPECT_TRUE(attached.ok);
    EXPECT_TRUE(attached.restarted);
  }

  std::optional<TestClient> worker;
};

TEST_F(DurableSession, AWorkerThatComesBackGoesOnWithWhatItHeld) {
  const Fence fence = TakeFence();
  Kill();
  ASSERT_NO_FATAL_FAILURE(ComeBack(1));
  worker->session->Holding({{"default", {fence}}});
  worker->Send(TaskDone{"q", {fence}});
  EXPECT_TRUE(worker->TakeOne().answer->ok());
  EXPECT_EQ(StatsNow().done, 1u);
}

TEST_F(DurableSession, WhatAWorkerNeverHeardOfGoesBack) {
  Kill();
  ASSERT_NO_FATAL_FAILURE(ComeBack(0));
  EXPECT_EQ(StatsNow().leased, 1u);
  worker->session->Holding({});
  EXPECT_EQ(StatsNow().ready, 1u);
  const auto got = Submit(GetOne());
  EXPECT_EQ(got->deliveries().front().attempt, 1u) << "the attempt does not count";
}

TEST_F(DurableSession, ATaskDoneWhoseAnswerWasLostIsAnsweredAgain) {
  const Fence fence = TakeFence();
  worker->Send(TaskDone{"q", {fence}});  // written, and its answer lost
  Kill();
  ASSERT_NO_FATAL_FAILURE(ComeBack(1));
  worker->session->Holding({{"default", {fence}}});
  EXPECT_TRUE(worker->session->Submit(worker->operation, "default", TaskDone{"q", {fence}}));
  EXPECT_TRUE(worker->TakeOne().answer->ok());
  EXPECT_EQ(StatsNow().done, 1u);
}

TEST_F(DurableSession, WhatWasReleasedIsNotDone) {
  const Fence fence = TakeFence();
  worker->Send(Release{"q", {fence}});  // written, and its answer lost
  Kill();
  ASSERT_NO_FATAL_FAILURE(ComeBack(1));
  worker->session->Holding({{"default", {fence}}});
  worker->Send(TaskDone{"q", {fence}});
  EXPECT_EQ(worker->TakeOne().answer->reason, Reason::kLeaseLost);
  worker->Send(Extend{"q", {fence}});
  EXPECT_EQ(worker->TakeOne().answer->reason, Reason::kLeaseLost);
  worker->Send(Release{"q", {fence}});
  EXPECT_TRUE(worker->TakeOne().answer->ok());
}

TEST_F(DurableSession, OneThatDoesNotComeBackLosesItsLeasesAfterTheGracePeriod) {
  Kill();
  EXPECT_EQ(StatsNow().leased, 1u);
  clock.Advance(options.grace);
  broker_->RunDue();
  EXPECT_EQ(StatsNow().ready, 1u);
}

TEST_F(DurableSession, TheGracePeriodBeginsWhenAllNamespacesAreRecovered) {
  for (const char* space : {"a", "z"}) SubmitTo(space, CreateQueue{"q", {.durability = Durability::kFsync}});
  recovery_takes = options.grace;
  Kill();
  broker_->RunDue();
  EXPECT_EQ(StatsNow().leased, 1u);
  Pass(options.grace - 1ms);
  EXPECT_EQ(StatsNow().leased, 1u);
  Pass(1ms);
  EXPECT_EQ(StatsNow().ready, 1u);
}

TEST_F(DurableSession, AStopIsNoEndOfWhatWorkersHold) {
  broker_->Drain();
  Kill();
  EXPECT_EQ(StatsNow().leased, 1u);
  EXPECT_NO_FATAL_FAILURE(ComeBack(0));
}

}  // namespace
}  // namespace sluice::broker
