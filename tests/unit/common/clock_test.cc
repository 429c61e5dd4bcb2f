// Clocks: time that passes by itself, and time that is moved by hand.
#include <sluice/clock.h>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::Background;
using testing::Eventually;

TEST(SteadyClock, TellsTheWallTimeAndNeverGoesBack) {
  const TimePoint first = SteadyClock::Get().Now();
  const auto wall = std::chrono::system_clock::now();
  EXPECT_LT(std::chrono::abs(wall - first), 1h);
  const TimePoint second = SteadyClock::Get().Now();
  EXPECT_LE(first, second);
  Eventually([&] { return SteadyClock::Get().Now() > second; });
}

TEST(SteadyClock, PassesByItself) {
  EXPECT_EQ(SteadyClock::Get().Subscribe([] { FAIL(); }), 0);
  SteadyClock::Get().Unsubscribe(0);
}

TEST(ManualClock, StandsStillUntilItIsMoved) {
  ManualClock clock(TimePoint(5s));
  EXPECT_EQ(clock.Now(), TimePoint(5s));
  clock.Advance(1ms);
  EXPECT_EQ(clock.Now(), TimePoint(5001ms));
}

TEST(ManualClock, EveryListenerSeesTheNewTimeBeforeAdvanceReturns) {
  ManualClock clock(TimePoint(0s));
  std::vector<TimePoint> first, second;
  EXPECT_NE(clock.Subscribe([&] { first.push_back(clock.Now()); }), 0);
  const int id = clock.Subscribe([&] { second.push_back(clock.Now()); });
  clock.Advance(1s);
  clock.Unsubscribe(id);
  clock.Advance(2s);
  EXPECT_EQ(first, (std::vector{TimePoint(1s), TimePoint(3s)}));
  EXPECT_EQ(second, (std::vector{TimePoint(1s)}));
}

TEST(ManualClock, UnknownSubscriptionsAreIgnored) {
  ManualClock clock;
  clock.Unsubscribe(0);
  clock.Unsubscribe(77);
}

TEST(ManualClock, AListenerMayUnsubscribeItselfAndOthers) {
  ManualClock clock;
  int calls = 0, other_calls = 0, id = 0, other = 0;
  auto owned = std::make_shared<int>(42);
  const std::weak_ptr<int> watch = owned;
  id = clock.Subscribe([&, owned] {
    clock.Unsubscribe(id);
    clock.Unsubscribe(other);
    calls += *owned == 42;  // what it holds lives until it returns
  });
  other = clock.Subscribe([&] { ++other_calls; });
  owned.reset();
  clock.Advance(1s);
  clock.Advance(1s);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(other_calls, 0);
  EXPECT_TRUE(watch.expired());
}

TEST(ManualClock, AListenerMayAdvanceAndSubscribe) {
  ManualClock clock(TimePoint(0s));
  int calls = 0, late_calls = 0;
  clock.Subscribe([&] {
    if (++calls > 1) return;
    clock.Subscribe([&] { ++late_calls; });
    clock.Advance(1s);
  });
  clock.Advance(1s);
  EXPECT_EQ(clock.Now(), TimePoint(2s));
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(late_calls, 1);
}

TEST(ManualClock, UnsubscribeWaitsWhileTheListenerRunsElsewhere) {
  ManualClock clock;
  std::atomic<bool> entered = false, leave = false, left = false;
  const int id = clock.Subscribe([&] {
    entered = true;
    Eventually([&] { return leave.load(); });
    left = true;
  });
  Background advance([&] { clock.Advance(1s); });
  Eventually([&] { return entered.load(); });
  bool left_before_return = false;
  Background unsubscribe([&] {
    clock.Unsubscribe(id);
    left_before_return = left;
  });
  leave = true;
  EXPECT_EQ(unsubscribe.Ended(), Reason::kOk);
  EXPECT_EQ(advance.Ended(), Reason::kOk);
  EXPECT_TRUE(left_before_return);
}

// Who tears down one listener's owner must not hang because another listener is held up, perhaps by that very thread.
TEST(ManualClock, UnsubscribeDoesNotWaitForOtherListeners) {
  ManualClock clock;
  std::atomic<bool> entered = false, leave = false;
  clock.Subscribe([&] {
    entered = true;
    Eventually([&] { return leave.load(); });
  });
  int calls = 0;
  const int id = clock.Subscribe([&] { ++calls; });
  Background advance([&] { clock.Advance(1s); });
  Eventually([&] { return entered.load(); });
  clock.Unsubscribe(id);  // returns although Advance is still under way
  EXPECT_EQ(clock.Now(), TimePoint(1h + 1s));
  leave = true;
  EXPECT_EQ(advance.Ended(), Reason::kOk);
  EXPECT_EQ(calls, 0);  // not called any more, although that Advance began before
}

}  // namespace
}  // namespace sluice
