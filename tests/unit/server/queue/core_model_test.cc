// Thousands of random lives of a namespace, step by step beside the model of its contract.
//
// SLUICE_MODEL_RUNS   how many runs in each of the four parts (default 500)
// SLUICE_MODEL_STEPS  steps of each (default 200)
// SLUICE_MODEL_SEED   the seed of the first run (default 1): with SLUICE_MODEL_RUNS=1, repeats a failure
// SLUICE_MODEL_TRACE  set: prints every step as it is taken
#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/dice.h"
#include "tests/sim/random_run.h"

namespace sluice::sim {
namespace {

using Steps = std::vector<std::uint64_t>;

std::uint64_t FromEnvironment(const char* name, std::uint64_t usual) {
  const char* text = std::getenv(name);
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

struct Failure {
  std::size_t step;  // index of the one that failed
  std::string problem;
};

std::optional<Failure> RunSteps(std::uint64_t seed, const Steps& steps, std::string* story = nullptr) {
  static const bool trace = std::getenv("SLUICE_MODEL_TRACE") != nullptr;
  RandomRun run(seed);
  if (trace || story != nullptr) run.TellSteps();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    run.Step(steps[i]);
    if (trace) std::fprintf(stderr, "%zu: %s\n", i, run.both().last_step().c_str());
    if (story != nullptr) *story += "  " + run.both().last_step() + "\n";
    if (!run.both().problem().empty()) return Failure{i, run.both().problem()};
  }
  return std::nullopt;
}

// Leaves out every step without which the run still fails.
Steps Shrunk(std::uint64_t seed, Steps steps) {
  bool smaller = true;
  while (smaller) {
    smaller = false;
    for (std::size_t i = steps.size(); i-- > 0;) {
      Steps fewer = steps;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      const auto failure = RunSteps(seed, fewer);
      if (!failure) continue;
      fewer.resize(failure->step + 1);
      steps = std::move(fewer);
      i = std::min(i, steps.size());
      smaller = true;
    }
  }
  return steps;
}

// A broken invariant aborts in the core: say which run it was.
volatile std::uint64_t current_seed = 0;
void SaySeed(int) {
  std::fprintf(stderr, "in the run of SLUICE_MODEL_SEED=%llu\n", static_cast<unsigned long long>(current_seed));
}

// In parts, so that they run side by side.
class CoreModelTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(CoreModelTest, AnswersAsTheModelInEveryRandomLife) {
  std::signal(SIGABRT, SaySeed);
  const std::uint64_t runs = FromEnvironment("SLUICE_MODEL_RUNS", 500);
  const std::uint64_t first = FromEnvironment("SLUICE_MODEL_SEED", 1) + GetParam() * runs;
  const std::uint64_t length = FromEnvironment("SLUICE_MODEL_STEPS", 200);
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    current_seed = seed;
    Dice dice(~seed);
    Steps steps(length);
    for (std::uint64_t& step : steps) step = dice.Next();
    const auto failure = RunSteps(seed, steps);
    if (!failure) continue;

    steps.resize(failure->step + 1);
    std::string story;
    const auto shrunk = RunSteps(seed, Shrunk(seed, steps), &story);
    FAIL() << "SLUICE_MODEL_SEED=" << seed << " fails at step " << failure->step << ": " << failure->problem
           << "\nThe same in as few steps as possible:\n"
           << story << (shrunk ? shrunk->problem : std::string());
  }
}

INSTANTIATE_TEST_SUITE_P(Part, CoreModelTest, testing::Range(std::uint64_t{0}, std::uint64_t{4}));

}  // namespace
}  // namespace sluice::sim
