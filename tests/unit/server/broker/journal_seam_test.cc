// Nothing of a step is answered before its batch is in the journal.
#include <gtest/gtest.h>

#include <deque>

#include "tests/unit/server/broker/broker_fixture.h"

namespace sluice::broker {
namespace {

// Keeps what is appended until it is told to commit it.
class SlowJournal final : public journal::Journal {
 public:
  void Append(const journal::Batch& batch, std::function<void(journal::AppendResult)> done) override {
    positions.push_back(batch.position);
    spaces.emplace_back(batch.space);
    waiting.push_back(std::move(done));
  }
  Durability Reaches() const override { return Durability::kFsync; }

  void Commit(journal::AppendResult result = journal::AppendResult::kOk) {
    auto done = std::move(waiting.front());
    waiting.pop_front();
    done(result);
  }

  std::vector<std::uint64_t> positions;
  std::vector<std::string> spaces;
  std::deque<std::function<void(journal::AppendResult)>> waiting;
};

class JournalSeam : public ::testing::Test {
 protected:
  HeardPtr Submit(Command command) {
    auto heard = std::make_shared<Heard>();
    heard->operation = broker.Submit({}, "default", std::move(command), [heard](Answer&& answer) {
      ++heard->times;
      heard->answer = std::move(answer);
    });
    return heard;
  }
  ~JournalSeam() override {
    broker.Drain();
    while (!journal.waiting.empty()) journal.Commit();
  }

  ManualClock clock;
  SlowJournal journal;
  Broker broker{{}, clock, journal, [] {}};
};

TEST_F(JournalSeam, AStepIsAnsweredWhenItsBatchIsDurable) {
  const auto created = Submit(CreateQueue{"q", {.durability = Durability::kFsync}});
  EXPECT_TRUE(created->waits());
  EXPECT_FALSE(created->operation.id) << "there is nothing to cancel any more";
  journal.Commit();
  EXPECT_EQ(created->times, 1);
  EXPECT_TRUE(created->answer.ok());
}

TEST_F(JournalSeam, AGetterHearsOfAnItemNoSoonerThanItsPutIsDurable) {
  Submit(CreateQueue{"q", {}});
  const auto got = Submit(GetOne());
  const auto put = Submit(PutOne("a"));
  journal.Commit();
  journal.Commit();
  EXPECT_TRUE(got->waits());
  EXPECT_TRUE(put->waits());
  journal.Commit();
  EXPECT_EQ(put->times, 1);
  EXPECT_EQ(got->times, 1);
}

TEST_F(JournalSeam, BatchesOfANamespaceHavePositionsThatRiseByOne) {
  Submit(CreateQueue{"q", {}});
  Submit(PutOne("a"));
  Submit(GetOne());
  EXPECT_EQ(journal.positions, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(journal.spaces, std::vector<std::string>(3, "default"));
}

TEST_F(JournalSeam, WhatTheJournalDidNotTakeIsNeverAnsweredAsDone) {
  const auto created = Submit(CreateQueue{"q", {}});
  journal.Commit(journal::AppendResult::kUnavailable);
  EXPECT_EQ(created->times, 1);
  EXPECT_EQ(created->reason(), Reason::kUnavailable);
}

}  // namespace
}  // namespace sluice::broker
