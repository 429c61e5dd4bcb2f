// A broker with a journal: what is answered is written, and what was written is there in the next broker.
#include "tests/unit/server/broker/durable_broker_fixture.h"

namespace sluice::broker {
namespace {

using journal::Result;

// ---- nothing is visible before it is durable ----

TEST_F(DurableBroker, APutIsAnsweredWhenItIsWritten) {
  Create();
  journal_->Hold(true);
  const auto put = Submit(PutOne("a"));
  EXPECT_TRUE(put->waits());
  journal_->Commit();
  ASSERT_EQ(put->times, 1);
  EXPECT_EQ(std::get<PutResult>(put->answer.result).durability, Durability::kFsync);
}

TEST_F(DurableBroker, AGetterHearsOfAnItemNoSoonerThanItsPutIsWritten) {
  Create();
  const auto got = Submit(GetOne());
  journal_->Hold(true);
  Submit(PutOne("a"));
  EXPECT_TRUE(got->waits());
  journal_->Commit();
  EXPECT_EQ(got->times, 1);
}

TEST_F(DurableBroker, AGetOfAnItemThatIsWrittenDoesNotWaitForTheDisk) {
  Create();
  Submit(PutOne("a"));
  journal_->Hold(true);
  EXPECT_EQ(Submit(GetOne())->times, 1);
}

TEST_F(DurableBroker, AnItemThatCameBackIsGivenOutNoSoonerThanThatIsWritten) {
  Create();
  Submit(PutOne("a"));
  const auto before = Submit(GetOne());
  journal_->Hold(true);
  Submit(Release{"q", {before->deliveries().front().fence}});
  const auto got = Submit(GetOne());
  EXPECT_TRUE(got->waits()) << "a restart would bring the lease before back to life";
  journal_->CommitAll();
  EXPECT_EQ(got->times, 1);
}

TEST_F(DurableBroker, TaskDoneIsAnsweredWhenItIsWritten) {
  Create();
  Submit(PutOne("a"));
  const auto got = Submit(GetOne());
  journal_->Hold(true);
  const auto done = Submit(TaskDone{"q", {got->deliveries().front().fence}});
  EXPECT_TRUE(done->waits());
  journal_->CommitAll();
  EXPECT_EQ(done->times, 1);
}

TEST_F(DurableBroker, JoinHearsOfTheLastTaskDoneWhenThatIsWritten) {
  Create();
  Submit(PutOne("a"));
  const auto got = Submit(GetOne());
  const auto join = Submit(Join{{"q"}, kForever, false});
  journal_->Hold(true);
  Submit(TaskDone{"q", {got->deliveries().front().fence}});
  EXPECT_TRUE(join->waits());
  journal_->CommitAll();
  EXPECT_EQ(join->times, 1);
}

TEST_F(DurableBroker, AQueueInMemoryWaitsForNoDisk) {
  Create({});
  journal_->Hold(true);
  const auto put = Submit(PutOne("a"));
  EXPECT_EQ(std::get<PutResult>(put->answer.result).durability, Durability::kMemory);
  const auto got = Submit(GetOne());
  EXPECT_EQ(Submit(TaskDone{"q", {got->deliveries().front().fence}})->times, 1);
  EXPECT_EQ(journal_->held(), 0u);
}

TEST_F(DurableBroker, WhatIsSaidWhileABatchIsOnItsWayIsTheNextBatch) {
  Create();
  journal_->Hold(true);
  const auto first = Submit(PutOne("a"));
  std::vector<HeardPtr> others;
  for (int i = 0; i < 10; ++i) others.push_back(Submit(PutOne("b")));
  EXPECT_EQ(journal_->held(), 1u);
  journal_->Commit();
  EXPECT_EQ(first->times, 1);
  EXPECT_EQ(journal_->held(), 1u);
  journal_->Commit();
  for (const HeardPtr& each : others) EXPECT_EQ(each->times, 1);
}

// ---- what survives ----

TEST_F(DurableBroker, WhatWasAcknowledgedIsThereAfterAKill) {
  Create({.maxsize = 10, .durability = Durability::kFsync, .max_attempts = 5});
  Submit(PutOne("a"));
  Submit(PutOne("b"));
  const auto got = Submit(GetOne());
  Submit(TaskDone{"q", {got->deliveries().front().fence}});
  const QueueStats before = StatsNow();
  Kill(/*power_loss=*/true);
  EXPECT_EQ(StatsNow(), before);
  const auto next = Submit(GetOne());
  EXPECT_EQ(TextOf(next->deliveries().front()), "b");
  EXPECT_GT(next->deliveries().front().fence, got->deliveries().front().fence);
  ASSERT_EQ(recovered.size(), 1u);
  EXPECT_EQ(recovered[0].items, 1u);
}

TEST_F(DurableBroker, AFenceIsNeverGivenOutAgain) {
  Create();
  Submit(PutOne("a"));
  Kill();
  const Fence before = Submit(GetOne())->deliveries().front().fence;
  Kill(/*power_loss=*/true);  // and with it what was said of the lease
  EXPECT_GT(Submit(GetOne())->deliveries().front().fence, before);
}

TEST_F(DurableBroker, AFenceIsHeardOfNoSoonerThanTheNextServerCountsOnFromIt) {
  Create();
  Submit(PutOne("a"));
  hold_at_start = true;
  Kill();
  const auto got = Submit(GetOne());
  EXPECT_TRUE(got->waits());
  journal_->CommitAll();
  EXPECT_EQ(got->times, 1);
}

TEST_F(DurableBroker, AQueueInMemoryIsThereAgainEmpty) {
  Create({.maxsize = 7});
  Submit(PutOne("a"));
  Kill();
  const auto described = Submit(DescribeQueue{"q"});
  const auto& queue = std::get<DescribeResult>(described->answer.result).queue;
  EXPECT_EQ(queue.settings.maxsize, 7);
  EXPECT_EQ(queue.stats.unfinished, 0u);
}

TEST_F(DurableBroker, ALongRecoveryTellsHowFarItIs) {
  Create();
  for (int i = 0; i < 400; ++i) Submit(PutOne("a"));
  Kill();
  ASSERT_EQ(recovered.size(), 2u);
  EXPECT_FALSE(recovered[0].done);
  EXPECT_GT(recovered[0].items, 0u);
  EXPECT_LT(recovered[0].items, 400u);
  EXPECT_LT(recovered[0].batches, recovered[0].of_batches);
  EXPECT_TRUE(recovered[1].done);
  EXPECT_EQ(recovered[1].items, 400u);
  EXPECT_EQ(recovered[1].batches, recovered[0].of_batches);
}

TEST_F(DurableBroker, ShutdownAndPauseSurvive) {
  Create({.durability = Durability::kFsync, .paused = true});
  Submit(Shutdown{"q", false});
  Kill();
  EXPECT_TRUE(StatsNow().shut_down);
  EXPECT_TRUE(StatsNow().paused);
  EXPECT_EQ(Submit(PutOne("a"))->reason(), Reason::kShutDown);
}

TEST_F(DurableBroker, APutThatComesAgainAfterARestartAddsNothing) {
  Create();
  const auto first = Submit(Named("a", 1));
  Kill(/*power_loss=*/true);
  const auto again = Submit(Named("a", 1));
  const auto& result = std::get<PutResult>(again->answer.result);
  EXPECT_TRUE(result.duplicate);
  EXPECT_EQ(result.first, std::get<PutResult>(first->answer.result).first);
  EXPECT_EQ(StatsNow().ready, 1u);
}

TEST_F(DurableBroker, APutThatComesAgainIsNotAnsweredBeforeTheFirstIsWritten) {
  Create();
  journal_->Hold(true);
  Submit(Named("a", 1));
  const auto again = Submit(Named("a", 1));
  EXPECT_TRUE(again->waits());
  journal_->Commit();
  EXPECT_EQ(again->times, 1);
}

TEST_F(DurableBroker, AUnaryLeaseEndsAtItsDeadlineAlsoAfterARestart) {
  Create({.durability = Durability::kFsync, .lease = 10s});
  Submit(PutOne("a"));
  Submit(GetOne());
  Kill();
  EXPECT_EQ(StatsNow().leased, 1u);
  clock.Advance(10s);
  broker_->RunDue();
  EXPECT_EQ(StatsNow().ready, 1u);
}

// ---- a journal in trouble ----

TEST_F(DurableBroker, WhatTheJournalDidNotTakeIsNeverAnsweredAsDone) {
  Create();
  journal_->Script(0, {Result::kCorrupt, false});
  const auto put = Submit(PutOne("a"));
  EXPECT_EQ(put->reason(), Reason::kUnavailable);
  EXPECT_EQ(Submit(PutOne("b"))->reason(), Reason::kUnavailable);
  EXPECT_EQ(reports.size(), 1u);
}

TEST_F(DurableBroker, WhoeverWaitsHearsOfIt) {
  Create();
  const auto got = Submit(GetOne());
  journal_->Script(0, {Result::kFenced, false});
  Submit(PutOne("a"));
  EXPECT_EQ(got->reason(), Reason::kUnavailable);
}

TEST_F(DurableBroker, ABatchThatMayBeWrittenIsAppendedUntilThatIsCertain) {
  for (const bool is_written : {true, false}) {
    Submit(CreateQueue{"q", {.durability = Durability::kFsync}});
    const QueueStats before = StatsNow();
    journal_->Script(0, {Result::kUnknown, is_written});
    journal_->Script(1, {Result::kUnavailable, false});
    const auto put = Submit(PutOne("a"));
    EXPECT_TRUE(put->waits());
    for (int i = 0; i < 2; ++i) {
      clock.Advance(1s);
      broker_->RunDue();
    }
    EXPECT_TRUE(put->answer.ok());
    Kill(/*power_loss=*/true);
    EXPECT_EQ(StatsNow().ready, before.ready + 1);
  }
}

TEST_F(DurableBroker, ANamespaceThatBeginsInTroubleIsServedWhenThatIsOver) {
  for (const Result result : {Result::kUnavailable, Result::kFull, Result::kUnknown}) {
    journal_->FailOwns(2, result);
    const std::string space = "new" + std::to_string(static_cast<int>(result));
    const auto created = SubmitTo(space, CreateQueue{"q", {.durability = Durability::kFsync}});
    Pass(1s);
    EXPECT_TRUE(created->waits()) << NameOf(result);
    Pass(1s);
    ASSERT_EQ(created->times, 1) << NameOf(result);
    EXPECT_TRUE(created->answer.ok()) << created->answer.message;
    EXPECT_TRUE(SubmitTo(space, PutOne("a"))->answer.ok());
  }
  EXPECT_EQ(reports, std::vector<std::string>());
}

TEST_F(DurableBroker, ANamespaceThatCannotBeTakenOverNowHoldsUpNoStop) {
  journal_->FailOwns(1'000, Result::kUnavailable);
  const auto created = SubmitTo("new", CreateQueue{"q", {.durability = Durability::kFsync}});
  Pass(1s);
  broker_.reset();
  EXPECT_TRUE(created->waits()) << "it was not created";
}

TEST_F(DurableBroker, ContentsThatCannotBeReadNowAreReadLater) {
  for (const Result result : {Result::kUnavailable, Result::kFull, Result::kUnknown}) {
    Submit(CreateQueue{"q", {.durability = Durability::kFsync}});
    Submit(PutOne("a"));
    failing_reads = 2;
    reads_fail_with = result;
    Kill();
    const auto got = Submit(GetOne());
    EXPECT_TRUE(got->waits()) << NameOf(result);
    Pass(1s);
    EXPECT_TRUE(got->waits()) << NameOf(result);
    Pass(1s);
    ASSERT_EQ(got->times, 1) << NameOf(result);
    ASSERT_TRUE(got->answer.ok()) << got->answer.message;
    EXPECT_EQ(TextOf(got->deliveries().front()), "a");
    EXPECT_TRUE(Submit(TaskDone{"q", {got->deliveries().front().fence}})->answer.ok());
  }
  EXPECT_EQ(reports, std::vector<std::string>());
  EXPECT_EQ(notes.size(), 6u) << "each time that it cannot, and that it can again";
}

TEST_F(DurableBroker, ContentsThatAreDamagedAreTheEndOfTheNamespace) {
  Create();
  Submit(PutOne("a"));
  failing_reads = 1;
  reads_fail_with = Result::kCorrupt;
  Kill();
  const auto got = Submit(GetOne());
  Pass(1s);
  EXPECT_EQ(got->reason(), Reason::kUnavailable);
  EXPECT_EQ(reports.size(), 1u);
}

TEST_F(DurableBroker, AFullDiskRefusesPutsAndTakesTaskDone) {
  Create();
  Submit(PutOne("a"));
  const auto got = Submit(GetOne());
  journal_->SetFull(true);
  clock.Advance(1s);
  EXPECT_EQ(Submit(PutOne("b"))->reason(), Reason::kUnavailable);
  EXPECT_TRUE(Submit(TaskDone{"q", {got->deliveries().front().fence}})->answer.ok());
  journal_->SetFull(false);
  clock.Advance(1s);
  EXPECT_TRUE(Submit(PutOne("b"))->answer.ok());
}

TEST_F(DurableBroker, DamageIsFoundAtTheStart) {
  Create();
  Submit(PutOne("a"));
  journal_->Corrupt("default", 1);
  auto crashed = journal_->Crash(journal_->unsynced());
  broker_.reset();
  journal_ = std::move(crashed);
  Storage storage;
  storage.journal = journal_.get();
  Broker next(options, clock, storage, [] {});
  std::string error;
  EXPECT_TRUE(journal::IsDamage(next.Recover([](const RecoveredSpace&) {}, &error)));
  EXPECT_NE(error.find("default"), std::string::npos) << error;
}

// ---- long queues ----

TEST_F(DurableBroker, AQueueOfAnyOrderMayBeLongerThanMemory) {
  constexpr int kItems = 2'000;
  const std::string tail(4'000, 'x');
  for (const Order order : {Order::kFifo, Order::kLifo, Order::kPriority}) {
    broker_.reset();
    options.memory_bytes = 2u << 20;
    Start();
    Create({.order = order, .durability = Durability::kFsync});
    for (int i = 0; i < kItems; ++i) {
      ASSERT_TRUE(Submit(PutOne(std::to_string(i) + tail, 0ms))->answer.ok()) << i;
      ASSERT_LT(broker_->Status().memory_used, options.memory_bytes);
    }
    Kill();
    for (int i = 0; i < kItems; ++i) {
      const auto got = Submit(GetOne(0ms));
      ASSERT_TRUE(got->answer.ok()) << i;
      const int expected = order == Order::kLifo ? kItems - 1 - i : i;
      ASSERT_EQ(TextOf(got->deliveries().front()), std::to_string(expected) + tail);
      Submit(TaskDone{"q", {got->deliveries().front().fence}});
      ASSERT_LT(broker_->Status().memory_used, options.memory_bytes);
    }
    EXPECT_EQ(StatsNow().unfinished, 0u);
    Submit(DeleteQueue{"q"});
  }
}

TEST_F(DurableBroker, TheLogOfABusyQueueDoesNotGrow) {
  broker_.reset();
  options.log_bytes = 100'000;
  Start();
  Create();
  Submit(PutOne("stays"));
  const auto stays = Submit(GetOne());  // leased for ever, and carried along
  for (int i = 0; i < 5'000; ++i) {
    Submit(PutOne(std::string(100, 'x')));
    const auto got = Submit(GetOne());
    Submit(TaskDone{"q", {got->deliveries().front().fence}});
  }
  EXPECT_LT(journal_->bytes(), 3 * options.log_bytes);
  Kill();
  EXPECT_EQ(StatsNow().done, 5'000u);
  EXPECT_TRUE(Submit(TaskDone{"q", {stays->deliveries().front().fence}})->answer.ok());
}

// ---- what waits ----

TEST_F(DurableBroker, PutsThatWaitForRoomInABatchAreServedAndAnswered) {
  broker_.reset();
  options.batch_bytes = 1'000;
  Start();
  Create();
  journal_->Hold(true);
  const auto in_flight = Submit(PutOne("a"));
  const auto fills = Submit(PutOne(std::string(2'000, 'x')));
  const auto waits = Submit(PutOne("c"));
  journal_->Commit();
  EXPECT_EQ(in_flight->times, 1);
  EXPECT_TRUE(waits->waits());
  journal_->CommitAll();
  EXPECT_EQ(fills->times, 1);
  EXPECT_EQ(waits->times, 1);
}

TEST_F(DurableBroker, AWorkerHearsOfTheEndNoSoonerThanItIsWritten) {
  Create();
  Submit(PutOne("a"));
  const auto got = Submit(GetOne());
  Submit(Shutdown{"q", false});
  Get get = GetOne();
  get.until_finished = true;
  const auto worker = Submit(get);
  ASSERT_TRUE(worker->waits());
  journal_->Hold(true);
  Submit(TaskDone{"q", {got->deliveries().front().fence}});
  EXPECT_TRUE(worker->waits()) << "the item may be back after a restart, and no worker left";
  journal_->CommitAll();
  EXPECT_EQ(worker->reason(), Reason::kShutDown);
}

TEST_F(DurableBroker, APutHearsOfAShutdownNoSoonerThanItIsWritten) {
  Create({.maxsize = 1, .durability = Durability::kFsync});
  Submit(PutOne("a"));
  const auto put = Submit(PutOne("b"));
  journal_->Hold(true);
  Submit(Shutdown{"q", false});
  EXPECT_TRUE(put->waits());
  journal_->CommitAll();
  EXPECT_EQ(put->reason(), Reason::kShutDown);
}

TEST_F(DurableBroker, AnItemThatASessionNeverHeardOfHasHadNoAttempt) {
  Create({.durability = Durability::kFsync, .max_attempts = 1});
  Answer refusal;
  TestClient worker(broker_->OpenSession("worker", 30s, &refusal));
  worker.Send(GetOne());
  journal_->Hold(true);
  Submit(PutOne("a"));  // leased to the worker, whose answer waits for the journal
  worker.session->End();
  journal_->CommitAll();
  journal_->Hold(false);
  EXPECT_EQ(StatsNow().dead, 0u);
  EXPECT_EQ(Submit(GetOne(0ms))->deliveries().front().attempt, 1u);
}

TEST_F(DurableBroker, APutThatWaitsForRoomIsNotLetInWhileTheDiskIsFull) {
  Create({.maxsize = 1, .durability = Durability::kFsync});
  Submit(PutOne("a"));
  const auto put = Submit(PutOne("b"));
  journal_->SetFull(true);
  clock.Advance(1s);
  const auto got = Submit(GetOne());
  ASSERT_EQ(got->times, 1);
  EXPECT_EQ(StatsNow().ready, 0u) << "the space that is left is for what frees some";
  EXPECT_TRUE(put->waits());
  EXPECT_TRUE(Submit(TaskDone{"q", {got->deliveries().front().fence}})->answer.ok());
  journal_->SetFull(false);
  clock.Advance(1s);
  broker_->RunDue();
  EXPECT_EQ(put->times, 1);
}

}  // namespace
}  // namespace sluice::broker
