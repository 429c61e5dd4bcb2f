// Two things happen to one waiting get at the same instant. Whichever comes first decides; the other finds nothing
// to answer; the item is never lost. Every pair runs in both orders.
#include <gtest/gtest.h>

#include "tests/unit/server/broker/broker_fixture.h"

namespace sluice::broker {
namespace {

enum class Racer { kPut, kTimeout, kCancel, kShutdown, kDisconnect };

class Race : public BrokerTest, public ::testing::WithParamInterface<std::pair<Racer, Racer>> {
 protected:
  void SetUp() override {
    Create();
    client = std::make_unique<TestClient>(Open());
    get = client->Send(GetOne(100ms));
    clock.Advance(100ms);  // the timeout is due; whether it or the other racer comes first is up to the test
  }

  void Run(Racer racer) {
    switch (racer) {
      case Racer::kPut: put = Submit(PutOne("x")); break;
      case Racer::kTimeout: broker().RunDue(); break;
      case Racer::kCancel: client->Cancel(get); break;
      case Racer::kShutdown: Submit(Shutdown{"q", false}); break;
      case Racer::kDisconnect: client->Disconnect(); break;
    }
  }

  // What the getter hears when `first` comes first.
  static Reason Outcome(Racer first) {
    switch (first) {
      case Racer::kPut: return Reason::kOk;
      case Racer::kTimeout: return Reason::kEmpty;
      case Racer::kCancel: return Reason::kCancelled;
      case Racer::kShutdown: return Reason::kShutDown;
      case Racer::kDisconnect: break;  // decides nothing: the turn is kept
    }
    return Reason::kInternal;
  }

  // Every item that was put is somewhere, exactly once.
  void ExpectNothingLost() {
    const QueueStats stats = StatsOf();
    EXPECT_EQ(stats.put, put && put->answer.ok() ? 1u : 0u);
    EXPECT_EQ(stats.ready + stats.leased, stats.put);
    EXPECT_EQ(stats.waiting_getters, 0u);
    EXPECT_EQ(broker().Status().waiters, 0u);
  }

  std::unique_ptr<TestClient> client;
  std::uint64_t get = 0;
  HeardPtr put;
};

TEST_P(Race, TheFirstDecidesAndNothingIsLost) {
  const auto [first, second] = GetParam();
  Run(first);
  Run(second);
  client->Connect();  // a second stream reads the answer, whatever became of the first
  broker().RunDue();
  const auto answers = client->Take();
  ASSERT_EQ(answers.size(), 1u) << "exactly one answer";
  EXPECT_EQ(answers.front().operation, get);
  Reason expected = Outcome(first);
  if (first == Racer::kDisconnect) {
    // A put serves it when it is back, in its old place; time, a cancel and a shutdown reach it at once.
    expected = Outcome(second);
  }
  EXPECT_EQ(answers.front().answer->reason, expected);
  ExpectNothingLost();
}

// The client never comes back: the item does.
TEST_P(Race, WhenTheSessionEndsAfterwardsItsItemIsBack) {
  const auto [first, second] = GetParam();
  Run(first);
  Run(second);
  client->session->End();
  ExpectNothingLost();
  EXPECT_EQ(StatsOf().leased, 0u);
}

std::vector<std::pair<Racer, Racer>> Pairs() {
  const Racer all[] = {Racer::kPut, Racer::kTimeout, Racer::kCancel, Racer::kShutdown, Racer::kDisconnect};
  std::vector<std::pair<Racer, Racer>> pairs;
  for (const Racer first : all) {
    for (const Racer second : all) {
      if (first != second) pairs.emplace_back(first, second);
    }
  }
  return pairs;
}

std::string NameOf(const ::testing::TestParamInfo<std::pair<Racer, Racer>>& info) {
  const char* const names[] = {"Put", "Timeout", "Cancel", "Shutdown", "Disconnect"};
  return std::string(names[static_cast<int>(info.param.first)]) + "Then" + names[static_cast<int>(info.param.second)];
}

INSTANTIATE_TEST_SUITE_P(, Race, ::testing::ValuesIn(Pairs()), NameOf);

// ---- the same for a waiting put: another get makes room ----------------------------------------

class PutRace : public BrokerTest {
 protected:
  void SetUp() override {
    Create("default", {.maxsize = 1});
    Submit(PutOne("first"));
    waiting = Submit(PutOne("second", 100ms));
    clock.Advance(100ms);
  }
  void MakeRoom() { Submit(GetOne(0ms)); }

  HeardPtr waiting;
};

TEST_F(PutRace, RoomThenTimeout) {
  MakeRoom();
  broker().RunDue();
  EXPECT_EQ(waiting->times, 1);
  EXPECT_TRUE(waiting->answer.ok());
  EXPECT_EQ(StatsOf().ready, 1u);
}

TEST_F(PutRace, TimeoutThenRoom) {
  broker().RunDue();
  MakeRoom();
  EXPECT_EQ(waiting->times, 1);
  EXPECT_EQ(waiting->reason(), Reason::kFull);
  EXPECT_EQ(StatsOf().ready, 0u);
}

TEST_F(PutRace, CancelThenRoom) {
  broker().Cancel(waiting->operation);
  MakeRoom();
  EXPECT_EQ(waiting->times, 1);
  EXPECT_EQ(waiting->reason(), Reason::kCancelled);
  EXPECT_EQ(StatsOf().ready, 0u);
}

TEST_F(PutRace, RoomThenCancel) {
  MakeRoom();
  broker().Cancel(waiting->operation);
  EXPECT_EQ(waiting->times, 1);
  EXPECT_TRUE(waiting->answer.ok());
}

TEST_F(PutRace, ShutdownThenRoomThenTimeout) {
  Submit(Shutdown{"q", false});
  MakeRoom();
  broker().RunDue();
  EXPECT_EQ(waiting->times, 1);
  EXPECT_EQ(waiting->reason(), Reason::kShutDown);
  EXPECT_EQ(StatsOf().ready, 0u);
}

TEST_F(PutRace, DrainThenRoom) {
  broker().Drain();
  MakeRoom();
  EXPECT_EQ(waiting->times, 1);
  EXPECT_EQ(waiting->reason(), Reason::kUnavailable);
}

}  // namespace
}  // namespace sluice::broker
