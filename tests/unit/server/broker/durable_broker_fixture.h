// A broker on a journal in memory, which is killed and started again.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/memory_journal.h"
#include "tests/unit/server/broker/broker_fixture.h"

namespace sluice::broker {

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
    storage.note = [this](const std::string& what) { notes.push_back(what); };
    broker_ = std::make_unique<Broker>(options, clock, storage, [] {});
    std::string error;
    recovered.clear();
    const auto progress = [this](const RecoveredSpace& space) {
      recovered.push_back(space);
      clock.Advance(recovery_takes);
    };
    ASSERT_EQ(broker_->Recover(progress, &error), journal::Result::kOk) << error;
  }
  // The process ends at once, the machine goes on; or loses its power, then what is not synced is gone.
  void Kill(bool power_loss = false) {
    auto crashed = journal_->Crash(power_loss ? 0 : journal_->unsynced());
    journal_->Hold(false);  // what the old broker still says goes to the old journal
    broker_.reset();
    journal_ = std::move(crashed);
    journal_->Hold(hold_at_start);
    journal_->FailReads(failing_reads, reads_fail_with);
    Start();
  }

  HeardPtr Submit(Command command) { return SubmitTo("default", std::move(command)); }
  HeardPtr SubmitTo(const std::string& space, Command command) {
    auto heard = std::make_shared<Heard>();
    heard->operation = broker_->Submit({}, space, std::move(command), [heard](Answer&& answer) {
      ++heard->times;
      heard->answer = std::move(answer);
    });
    return heard;
  }
  void Pass(Duration time) {
    clock.Advance(time);
    broker_->RunDue();
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

  bool hold_at_start = false;     // of the next broker
  Duration recovery_takes = 0s;   // of each namespace
  std::size_t failing_reads = 0;  // of the next broker's first
  journal::Result reads_fail_with = journal::Result::kUnavailable;
  BrokerOptions options;
  ManualClock clock;
  std::vector<std::string> reports;
  std::vector<std::string> notes;
  std::vector<RecoveredSpace> recovered;
  std::unique_ptr<journal::MemoryJournal> journal_ = std::make_unique<journal::MemoryJournal>();
  std::unique_ptr<Broker> broker_;
};

}  // namespace sluice::broker
