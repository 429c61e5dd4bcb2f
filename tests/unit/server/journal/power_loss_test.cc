// What is left when the power goes at any moment.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/unit/server/journal/history.h"
#include "tests/unit/server/journal/rocksdb_lab.h"
#include "tests/unit/server/journal/simulated_disk.h"

namespace sluice::journal {
namespace {

constexpr int kPointsOfARun = 10;

RocksDbOptions OptionsOn(std::shared_ptr<SimulatedDisk> disk) {
  RocksDbOptions options = SmallOptions();
  options.memtable_bytes = 64 << 10;  // files come and go
  options.file_system = std::move(disk);
  return options;
}

// Appends, and loses the power at some moments: in the middle of whatever is going on then.
void LosePowerNowAndThen(std::uint64_t seed) {
  std::mt19937_64 dice(seed);
  const ScratchDirectory scratch;
  const std::string directory = scratch.path("journal");
  auto disk = std::make_shared<SimulatedDisk>();
  const std::unique_ptr<RocksDbJournal> journal = OpenOrFail(directory, OptionsOn(disk));
  ASSERT_NE(journal, nullptr);
  History history(journal.get(), seed, 3);
  for (int point = 0; point < kPointsOfARun; ++point) {
    const std::string left = scratch.path("left" + std::to_string(point));
    std::map<std::string, Promises> promises;
    std::atomic<int> countdown{static_cast<int>(dice() % 200)};
    std::atomic<bool> is_over{false};
    disk->SetHook([&](const DiskOperation&) {
      if (countdown-- == 0) {
        is_over = true;  // first: from here on promises are not read any more
        disk->LosePower(directory, left, &dice);
      }
      return Verdict{};
    });
    while (!is_over) {
      promises = history.promises();
      history.Step();
    }
    disk->SetHook(nullptr);
    for (auto& [name, promised] : promises) {
      promised.sent = history.promises().at(name).sent;
      promised.trimmed = history.promises().at(name).trimmed;
    }
    const std::unique_ptr<RocksDbJournal> after = OpenOrFail(left);
    ASSERT_NE(after, nullptr) << "seed " << seed << ", point " << point;
    ExpectKept(*after, promises, false);
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed << ", point " << point;
  }
}

// SLUICE_POWER_LOSSES: so many.
TEST(PowerLoss, LeavesAllThatWasSynced) {
  const char* points = std::getenv("SLUICE_POWER_LOSSES");
  const int runs = (points != nullptr ? std::atoi(points) : 200) / kPointsOfARun;
  for (int seed = 1; seed <= runs && !HasFailure(); ++seed) LosePowerNowAndThen(static_cast<std::uint64_t>(seed));
}

}  // namespace
}  // namespace sluice::journal
