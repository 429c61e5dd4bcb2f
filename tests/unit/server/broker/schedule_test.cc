// Time: what is due is done, and whoever runs it is woken no more often than needed.
#include "server/broker/schedule.h"

#include <gtest/gtest.h>

#include "tests/unit/server/broker/broker_fixture.h"

namespace sluice::broker {
namespace {

using Time = BrokerTest;

TEST_F(Time, NothingIsDueInABrokerWithoutDeadlines) {
  Create();
  Submit(GetOne());
  EXPECT_EQ(broker().RunDue(), std::nullopt);
  EXPECT_EQ(wakes, 0);
}

TEST_F(Time, TimeoutsComeWhenTheyAreDueAndNotBefore) {
  Create();
  const auto got = Submit(GetOne(100ms));
  EXPECT_EQ(broker().RunDue(), clock.Now() + 100ms);
  Pass(99ms);
  EXPECT_TRUE(got->waits());
  Pass(1ms);
  EXPECT_EQ(got->times, 1);
  EXPECT_EQ(got->reason(), Reason::kEmpty);
  EXPECT_EQ(broker().RunDue(), std::nullopt);
}

TEST_F(Time, EveryNamespaceThatIsDueIsServed) {
  std::vector<HeardPtr> waiting;
  for (const char* space : {"a", "b", "c"}) {
    Create(space);
    waiting.push_back(Submit(GetOne(50ms), space));
  }
  Pass(50ms);
  for (const HeardPtr& heard : waiting) EXPECT_EQ(heard->reason(), Reason::kEmpty);
}

TEST_F(Time, ALeaseOfAUnaryCallRunsOut) {
  Create("default", {.lease = 1s});
  Submit(PutOne("x"));
  Submit(GetOne());
  Pass(999ms);
  EXPECT_EQ(StatsOf().leased, 1u);
  Pass(1ms);
  EXPECT_EQ(StatsOf().ready, 1u);
}

TEST_F(Time, WakesOnceForTheFirstDeadlineUntilRunDueHasRun) {
  Create("a");
  Create("b");
  for (int call = 100; call > 0; --call) Submit(GetOne(std::chrono::milliseconds(call)), call % 2 != 0 ? "a" : "b");
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(broker().RunDue(), clock.Now() + 1ms);
}

TEST_F(Time, WakesOnlyForADeadlineEarlierThanTheOneItSaid) {
  Create("a");
  Create("b");
  Submit(GetOne(100ms), "a");
  broker().RunDue();
  ASSERT_EQ(wakes, 1);
  Submit(GetOne(200ms), "a");
  Submit(GetOne(100ms), "b");
  EXPECT_EQ(wakes, 1);
  Submit(GetOne(50ms), "b");
  EXPECT_EQ(wakes, 2);
  EXPECT_EQ(broker().RunDue(), clock.Now() + 50ms);
}

TEST_F(Time, ADeadlineThatACompletionBringsIsInTheAnswerOfRunDue) {
  Create();
  HeardPtr next;
  broker().Submit({}, "default", GetOne(10ms), [&](Answer&&) { next = Submit(GetOne(5ms)); });
  broker().RunDue();
  wakes = 0;
  clock.Advance(10ms);
  EXPECT_EQ(broker().RunDue(), clock.Now() + 5ms);
  EXPECT_EQ(wakes, 0);
}

TEST_F(Time, WakeMayRunWhatIsDueItself) {
  std::unique_ptr<Broker> own;
  own = std::make_unique<Broker>(BrokerOptions{}, clock, Storage{}, [&] { own->RunDue(); });
  own->Submit({}, "default", CreateQueue{"q", {}}, [](Answer&&) {});
  int answers = 0;
  for (int call = 100; call > 0; --call) {
    own->Submit({}, "default", GetOne(std::chrono::milliseconds(call)), [&](Answer&&) { ++answers; });
  }
  clock.Advance(1s);
  own->RunDue();
  EXPECT_EQ(answers, 100);
}

TEST_F(Time, SessionsThatShowLifeAreLookedAtOncePerLease) {
  std::vector<TestClient> clients;
  for (int session = 0; session < 100; ++session) clients.emplace_back(Open(1s));
  broker().RunDue();
  wakes = 0;
  int runs = 0;
  auto next = broker().RunDue();
  const TimePoint end = clock.Now() + 10s;
  while (clock.Now() < end) {
    clock.Advance(10ms);
    for (TestClient& client : clients) client.session->Touch();
    if (next && *next <= clock.Now()) {
      next = broker().RunDue();
      ++runs;
    }
  }
  EXPECT_EQ(broker().Status().sessions, 100u);
  EXPECT_EQ(wakes, 0);
  EXPECT_LE(runs, 22);
}

// Counts how often it was looked at.
struct Counted final : Timed {
  void Due() override { ++times; }
  int times = 0;
};

TEST(Schedule, WhatIsArmedTwiceIsCalledOnceForTheEarlier) {
  ManualClock clock;
  Schedule schedule(clock, [] {});
  const auto timed = std::make_shared<Counted>();
  {
    CompletionScope scope;
    schedule.Arm(timed, clock.Now() + 2s);
    schedule.Arm(timed, clock.Now() + 1s);
    schedule.Arm(timed, clock.Now() + 3s);
  }
  clock.Advance(1s);
  EXPECT_EQ(schedule.RunDue(), std::nullopt);
  clock.Advance(5s);
  schedule.RunDue();
  EXPECT_EQ(timed->times, 1);
}

TEST(Schedule, WhatIsForgottenOrGoneIsNotCalled) {
  ManualClock clock;
  Schedule schedule(clock, [] {});
  const auto forgotten = std::make_shared<Counted>();
  auto gone = std::make_shared<Counted>();
  {
    CompletionScope scope;
    schedule.Arm(forgotten, clock.Now() + 1s);
    schedule.Arm(gone, clock.Now() + 1s);
  }
  schedule.Forget(*forgotten);
  schedule.Forget(*forgotten);
  gone.reset();
  clock.Advance(1s);
  EXPECT_EQ(schedule.RunDue(), std::nullopt);
  EXPECT_EQ(forgotten->times, 0);
}

}  // namespace
}  // namespace sluice::broker
