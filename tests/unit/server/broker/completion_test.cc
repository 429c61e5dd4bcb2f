// The loop that runs completions: under no lock, one after the other, never one inside another.
#include "server/broker/completion.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/server/broker/broker_fixture.h"

namespace sluice::broker {
namespace {

TEST(CompletionScope, RunsWhatWasAddedWhenTheOutermostScopeEnds) {
  std::vector<int> ran;
  {
    CompletionScope outer;
    {
      CompletionScope inner;
      CompletionScope::Add([&](Answer&&) { ran.push_back(1); }, {});
    }
    EXPECT_TRUE(ran.empty());
    CompletionScope::Defer([&] { ran.push_back(2); });
  }
  EXPECT_EQ(ran, (std::vector{1, 2}));
}

TEST(CompletionScope, RunsACompletionAfterTheOneThatBroughtItAbout) {
  std::vector<int> ran;
  {
    CompletionScope scope;
    CompletionScope::Add(
        [&](Answer&&) {
          CompletionScope inner;
          CompletionScope::Add([&](Answer&&) { ran.push_back(2); }, {});
          ran.push_back(1);
        },
        {});
  }
  EXPECT_EQ(ran, (std::vector{1, 2}));
}

using Reentrancy = BrokerTest;

// On the stack this would need more than the 8 MiB that a thread usually has.
TEST_F(Reentrancy, AChainOfCompletionsThatSubmitDoesNotGrowTheStack) {
  Create();
  constexpr int kRounds = 50'000;
  int rounds = 0;
  std::function<void()> again = [&] {
    if (++rounds == kRounds) return;
    broker().Submit({}, "default", Stats{"q"}, [&](Answer&&) { again(); });
  };
  again();
  EXPECT_EQ(rounds, kRounds);
}

TEST_F(Reentrancy, ACompletionMaySubmitToItsOwnNamespaceAndCancelThere) {
  Create();
  const auto other = Submit(GetOne());
  auto next = std::make_shared<Heard>();
  broker().Submit({}, "default", GetOne(), [&, next](Answer&&) {
    broker().Cancel(other->operation);
    broker().Submit({}, "default", Stats{"q"}, [next](Answer&& answer) {
      ++next->times;
      next->answer = std::move(answer);
    });
  });
  Submit(PutOne("a"));  // goes to `other`, the first in line
  Submit(PutOne("b"));
  EXPECT_EQ(other->times, 1);
  EXPECT_EQ(next->times, 1);
  EXPECT_EQ(std::get<StatsResult>(next->answer.result).stats.leased, 2u);
}

}  // namespace
}  // namespace sluice::broker
