// Bugs on purpose (common/seeded_bug.h), one at a time: each is found, by the simulated world or by the model beside
// the core, within a few seeds; and without one nothing is found.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "common/seeded_bug.h"
#include "tests/sim/dice.h"
#include "tests/sim/random_run.h"
#include "tests/sim/world.h"

namespace sluice::sim {
namespace {

constexpr std::uint64_t kWorlds = 30;
constexpr std::uint64_t kModels = 100;
constexpr int kSteps = 200;  // of a model's run

// The first promise that was found broken; empty: none.
std::string FoundByWorld() {
  for (std::uint64_t seed = 1; seed <= kWorlds; ++seed) {
    World world(seed);
    if (const std::string problem = world.Run(); !problem.empty()) return problem;
  }
  return "";
}

// The first difference; empty: none. Aborts when an invariant of the core is broken.
std::string FoundByModel() {
  for (std::uint64_t seed = 1; seed <= kModels; ++seed) {
    Dice dice(~seed);
    RandomRun run(seed);
    for (int step = 0; step < kSteps; ++step) {
      run.Step(dice.Next());
      if (!run.both().problem().empty()) return run.both().problem();
    }
  }
  return "";
}

class SeededBugs : public testing::Test {
 protected:
  static std::string World(SeededBug bug) {
    seeded_bug = bug;
    return FoundByWorld();
  }
  static std::string Model(SeededBug bug) {
    seeded_bug = bug;
    return FoundByModel();
  }
  void TearDown() override { seeded_bug = SeededBug::kNone; }
};

bool Says(const std::string& found, const std::string& words) { return found.find(words) != std::string::npos; }

TEST_F(SeededBugs, WithoutOneNothingIsFound) {
  EXPECT_EQ(World(SeededBug::kNone), "");
  EXPECT_EQ(Model(SeededBug::kNone), "");
}

TEST_F(SeededBugs, ASyncThatIsSkippedIsFound) { EXPECT_NE(World(SeededBug::kSkipSync), ""); }

TEST_F(SeededBugs, AnAnswerBeforeTheCommitIsFound) { EXPECT_NE(World(SeededBug::kAnswerBeforeCommit), ""); }

TEST_F(SeededBugs, APromiseOfMoreThanTheBatchKeepsIsFound) { EXPECT_NE(World(SeededBug::kPromiseTooMuch), ""); }

TEST_F(SeededBugs, AStaleTaskDoneThatIsAcceptedIsFound) {
  const std::string found = World(SeededBug::kSkipFence);
  EXPECT_TRUE(Says(found, "was acknowledged, but it was delivered") || Says(found, "was done twice")) << found;
}

TEST_F(SeededBugs, APutThatRecoveryForgetsIsFound) {
  const std::string found = World(SeededBug::kForgetPut);
  EXPECT_TRUE(Says(found, "is there twice") || Says(found, "was refused and came")) << found;
}

TEST_F(SeededBugs, ItemsThatRecoveryCountsTwiceAreFound) { EXPECT_NE(World(SeededBug::kCountTwice), ""); }

TEST_F(SeededBugs, RecordsThatAreNotReplayedAreFound) { EXPECT_NE(World(SeededBug::kSkipTail), ""); }

TEST_F(SeededBugs, ABatchThatIsTrimmedTooEarlyIsFound) { EXPECT_NE(World(SeededBug::kTrimTooEarly), ""); }

TEST_F(SeededBugs, LeasesThatAreNeverGivenBackAreFound) {
  EXPECT_TRUE(Says(World(SeededBug::kKeepLeases), "does not drain"));
}

TEST_F(SeededBugs, LeasesThatStayWithAClientThatNeverHeardOfThemAreFound) {
  EXPECT_TRUE(Says(World(SeededBug::kKeepUnheard), "does not drain"));
}

TEST_F(SeededBugs, ALeaseThatRecoveryForgetsIsFound) {
  EXPECT_TRUE(Says(Model(SeededBug::kForgetLease), "a queue differs"));
}

TEST_F(SeededBugs, AWaiterThatIsLostIsFound) {
  EXPECT_DEATH(Model(SeededBug::kLoseWaiter), "nobody waits for what is there");
}

}  // namespace
}  // namespace sluice::sim
