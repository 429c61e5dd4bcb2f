// Random lives of the whole system: everything that clients are told is true, whatever breaks.
//
// SLUICE_WORLD_SEEDS  how many runs in all (default 200)
// SLUICE_WORLD_SEED   the only seed to run: repeats a failure
// SLUICE_WORLD_TRACE  set: prints everything that happened in a run that fails, not only its end
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/sim/world.h"

namespace sluice::sim {
namespace {

constexpr std::uint64_t kParts = 4;

std::uint64_t FromEnvironment(const char* name, std::uint64_t usual) {
  const char* text = std::getenv(name);
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

// How it came about.
std::string Story(std::uint64_t seed) {
  constexpr std::size_t kLines = 200;
  World world(seed, /*keeps_trace=*/true);
  world.Run();
  const auto& lines = world.trace().lines();
  const bool all = std::getenv("SLUICE_WORLD_TRACE") != nullptr;
  std::string story;
  for (std::size_t i = all || lines.size() < kLines ? 0 : lines.size() - kLines; i < lines.size(); ++i) {
    story += lines[i] + "\n";
  }
  return story;
}

// In parts, so that they run side by side.
class WorldTest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(WorldTest, KeepsEveryPromiseAndDrains) {
  std::uint64_t first = 1 + GetParam();
  std::uint64_t last = FromEnvironment("SLUICE_WORLD_SEEDS", 200);
  if (const std::uint64_t only = FromEnvironment("SLUICE_WORLD_SEED", 0); only != 0) {
    if (only % kParts != first % kParts) GTEST_SKIP() << "the seed is another part's";
    first = last = only;
  }
  std::uint64_t lives = 0, items = 0, deliveries = 0;
  for (std::uint64_t seed = first; seed <= last; seed += kParts) {
    World world(seed);
    const std::string problem = world.Run();
    lives += world.lives();
    items += world.ledger().items();
    deliveries += world.ledger().deliveries();
    if (!problem.empty()) FAIL() << Story(seed) << "SLUICE_WORLD_SEED=" << seed << ": " << problem;
  }
  std::printf("%llu lives of servers, %llu items, %llu deliveries\n", static_cast<unsigned long long>(lives),
              static_cast<unsigned long long>(items), static_cast<unsigned long long>(deliveries));
}

INSTANTIATE_TEST_SUITE_P(Part, WorldTest, testing::Range(std::uint64_t{0}, kParts));

TEST(WorldSeedTest, IsTheSameTwice) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    World once(seed);
    World again(seed);
    once.Run();
    again.Run();
    EXPECT_EQ(once.trace().hash(), again.trace().hash()) << "SLUICE_WORLD_SEED=" << seed;
  }
}

}  // namespace
}  // namespace sluice::sim
