// Bugs on purpose (common/seeded_bug.h), one at a time: each is found, by the simulated world or by the model of the
// core beside the core, and without one nothing is.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "common/seeded_bug.h"
#include "tests/sim/dice.h"
#include "tests/sim/random_run.h"
#include "tests/sim/world.h"

namespace sluice::sim {
namespace {

constexpr std::uint64_t kWorlds = 60;     // seeds
constexpr std::uint64_t kModelRuns = 400;
constexpr int kModelSteps = 200;

// The promise that the first world found broken; empty: none.
std::string FoundByWorld() {
  for (std::uint64_t seed = 1; seed <= kWorlds; ++seed) {
    World world(seed);
    if (const std::string problem = world.Run(); !problem.empty()) return "seed " + std::to_string(seed) + ": " + problem;
  }
  return "";
}

std::string FoundByModel() {
  for (std::uint64_t seed = 1; seed <= kModelRuns; ++seed) {
    Dice dice(~seed);
    RandomRun run(seed);
    for (int step = 0; step < kModelSteps; ++step) {
      run.Step(dice.Next());
      if (!run.both().problem().empty()) return "seed " + std::to_string(seed) + ": " + run.both().problem();
    }
  }
  return "";
}

class SeededBugs : public testing::Test {
 protected:
  void ExpectFoundByWorld(SeededBug bug) {
    seeded_bug = bug;
    const std::string found = FoundByWorld();
    EXPECT_NE(found, "");
    RecordProperty("found", found.substr(0, 200));
    if (std::getenv("SLUICE_WORLD_TRACE") != nullptr) printf("%s\n", found.substr(0, 200).c_str());
  }
  void ExpectFoundByModel(SeededBug bug) {
    seeded_bug = bug;
    const std::string found = FoundByModel();
    EXPECT_NE(found, "");
    if (std::getenv("SLUICE_WORLD_TRACE") != nullptr) printf("%s\n", found.substr(0, 200).c_str());
  }
  void TearDown() override { seeded_bug = SeededBug::kNone; }
};

#define T(name) TEST_F(SeededBugs, World##name) { ExpectFoundByWorld(SeededBug::k##name); } TEST_F(SeededBugs, Model##name) { ExpectFoundByModel(SeededBug::k##name); }
T(SkipSync)
T(AnswerBeforeCommit)
T(ForgetLease)
T(SkipFence)
T(LoseWaiter)
T(ForgetPut)
T(CountTwice)
T(SkipTail)
T(TrimTooEarly)
T(KeepLeases)
T(KeepUnheard)
T(PromiseTooMuch)

}  // namespace
}  // namespace sluice::sim
