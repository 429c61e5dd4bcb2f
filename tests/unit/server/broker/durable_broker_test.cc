// A broker with a journal: what is answered is written, and what was written is there in the next broker.
#include <algorithm>
#include <string>

#include "tests/support/memory_journal.h"
#include "tests/unit/server/broker/broker_fixture.h"

namespace sluice::broker {
namespace {

using journal::MemoryJournal;
using journal::Result;

class DurableBroker : public ::testing::Test {
 protected:
  DurableBroker() { Start(); }
  ~DurableBroker() override {
    journal_->Hold(false);
    broker_.reset();
  }

  void Start() {
    Storage storage;
    storage.journal = journal_.get();
    storage.report = [this](const std::string& trouble) { reports.push_back(trouble); };
    broker_ = std::make_unique<Broker>(options, clock, storage, [] {});
    std::string error;
    recovered.clear();
    ASSERT_EQ(broker_->Recover([this](const RecoveredSpace& space) { recovered.push_back(space); }, &error),
              Result::kOk)
        << error;
  }
  // The process ends at once, the machine goes on; or loses its power, then what is not synced is gone.
  void Kill(bool power_loss = false) {
    auto crashed = journal_->Crash(power_loss ? 0 : journal_->unsynced());
    journal_->Hold(false);  // what the old broker still says goes to the old journal
    broker_.reset();
    journal_ = std::move(crashed);
    journal_->Hold(hold_at_start);
    Start();
  }

  HeardPtr Submit(Command command, SessionId session = {}) {
    auto heard = std::make_shared<Heard>();
    heard->operation = broker_->Submit(session, "default", std::move(command), [heard](Answer&& answer) {
      ++heard->times;
      heard->answer = std::move(answer);
    });
    return heard;
  }
  void Create(QueueSettings settings = {.durability = Durability::kFsync}) {
    ASSERT_TRUE(Submit(CreateQueue{"q", settings})->answer.ok());
  }
  Put Named(std::string text, std::uint64_t sequence) {
    Put put = PutOne(std::move(text));
    put.producer = "producer";
    put.sequence = sequence;
    return put;
  }
  QueueStats StatsNow() { return std::get<StatsResult>(Submit(Stats{"q"})->answer.result).stats; }
  std::string TextOf(const Delivery& delivery) { return std::string(delivery.content->payload.view()); }

  bool hold_at_start = false;  // of the next broker
  BrokerOptions options;
  ManualClock clock;
  std::vector<std::string> reports;
  std::vector<RecoveredSpace> recovered;
  std::unique_ptr<MemoryJournal> journal_ = std::make_unique<MemoryJournal>();
  std::unique_ptr<Broker> broker_;
};

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

// ---- sessions come back ----

TEST_F(DurableBroker, AWorkerThatComesBackGoesOnWithWhatItHeld) {
  Create();
  Submit(PutOne("a"));
  Answer refusal;
  TestClient worker(broker_->OpenSession("worker", 30s, &refusal));
  worker.Send(GetOne());
  const auto answers = worker.Take();
  ASSERT_EQ(answers.size(), 1u);
  const Fence fence = std::get<GetResult>(answers[0].answer->result).deliveries.front().fence;
  const SessionId id = worker.session->id();
  const std::string token = worker.session->token();
  Kill();

  worker.session = broker_->FindSession(id, token);
  ASSERT_NE(worker.session, nullptr);
  const Session::Attached attached = worker.Connect(1);
  EXPECT_TRUE(attached.ok);
  EXPECT_TRUE(attached.restarted);
  worker.session->Holding({{"default", "q", {fence}}});
  worker.Send(TaskDone{"q", {fence}});
  const auto done = worker.Take();
  ASSERT_EQ(done.size(), 1u);
  EXPECT_TRUE(done[0].answer->ok());
  EXPECT_EQ(StatsNow().done, 1u);
}

TEST_F(DurableBroker, WhatAWorkerNeverHeardOfGoesBack) {
  Create();
  Submit(PutOne("a"));
  Answer refusal;
  TestClient worker(broker_->OpenSession("worker", 30s, &refusal));
  worker.Send(GetOne());  // its answer is lost with the server
  const SessionId id = worker.session->id();
  const std::string token = worker.session->token();
  Kill();
  worker.session = broker_->FindSession(id, token);
  ASSERT_TRUE(worker.Connect(0).restarted);
  EXPECT_EQ(StatsNow().leased, 1u);
  worker.session->Holding({});
  EXPECT_EQ(StatsNow().ready, 1u);
  const auto got = Submit(GetOne());
  EXPECT_EQ(got->deliveries().front().attempt, 1u) << "the attempt does not count";
}

TEST_F(DurableBroker, ATaskDoneWhoseAnswerWasLostIsAnsweredAgain) {
  Create();
  Submit(PutOne("a"));
  Answer refusal;
  TestClient worker(broker_->OpenSession("worker", 30s, &refusal));
  worker.Send(GetOne());
  const Fence fence = std::get<GetResult>(worker.Take().at(0).answer->result).deliveries.front().fence;
  worker.Send(TaskDone{"q", {fence}});  // written, and its answer lost
  const SessionId id = worker.session->id();
  const std::string token = worker.session->token();
  Kill();
  worker.session = broker_->FindSession(id, token);
  ASSERT_TRUE(worker.Connect(1).restarted);
  worker.session->Holding({{"default", "q", {fence}}});
  EXPECT_TRUE(worker.session->Submit(worker.operation, "default", TaskDone{"q", {fence}}));
  const auto answers = worker.Take();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_TRUE(answers[0].answer->ok());
  EXPECT_EQ(StatsNow().done, 1u);
}

TEST_F(DurableBroker, WhatWasReleasedIsNotDone) {
  Create();
  Submit(PutOne("a"));
  Answer refusal;
  TestClient worker(broker_->OpenSession("worker", 30s, &refusal));
  worker.Send(GetOne());
  const Fence fence = std::get<GetResult>(worker.Take().at(0).answer->result).deliveries.front().fence;
  worker.Send(Release{"q", {fence}});  // written, and its answer lost
  const SessionId id = worker.session->id();
  const std::string token = worker.session->token();
  Kill();
  worker.session = broker_->FindSession(id, token);
  ASSERT_TRUE(worker.Connect(1).restarted);
  worker.session->Holding({{"default", "q", {fence}}});
  worker.Send(TaskDone{"q", {fence}});
  EXPECT_EQ(worker.TakeOne().answer->reason, Reason::kLeaseLost);
  worker.Send(Extend{"q", {fence}});
  EXPECT_EQ(worker.TakeOne().answer->reason, Reason::kLeaseLost);
  worker.Send(Release{"q", {fence}});
  EXPECT_TRUE(worker.TakeOne().answer->ok());
}

TEST_F(DurableBroker, ASessionThatDoesNotComeBackLosesItsLeasesAfterTheGracePeriod) {
  Create();
  Submit(PutOne("a"));
  Answer refusal;
  TestClient worker(broker_->OpenSession("worker", 30s, &refusal));
  worker.Send(GetOne());
  Kill();
  EXPECT_EQ(StatsNow().leased, 1u);
  clock.Advance(options.grace);
  broker_->RunDue();
  EXPECT_EQ(StatsNow().ready, 1u);
}

TEST_F(DurableBroker, AStopIsNoEndOfWhatWorkersHold) {
  Create();
  Submit(PutOne("a"));
  Answer refusal;
  TestClient worker(broker_->OpenSession("worker", 30s, &refusal));
  worker.Send(GetOne());
  const SessionId id = worker.session->id();
  const std::string token = worker.session->token();
  broker_->Drain();
  Kill();
  EXPECT_EQ(StatsNow().leased, 1u);
  EXPECT_NE(broker_->FindSession(id, token), nullptr);
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
