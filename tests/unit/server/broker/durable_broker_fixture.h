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
    broker_ = std::make_unique<Broker>(options, clock, storage, [] {});
    std::string error;
    recovered.clear();
    ASSERT_EQ(broker_->Recover([this](const RecoveredSpace& space) { recovered.push_back(space); }, &error),
              journal::Result::kOk)
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
  std::unique_ptr<journal::MemoryJournal> journal_ = std::make_unique<journal::MemoryJournal>();
  std::unique_ptr<Broker> broker_;
};

}  // namespace sluice::broker
