// What is left when the power goes at any moment.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>
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

// One moment, on whichever thread comes to the disk then. RocksDB's own may still be in the hook when the test goes on.
struct Moment {
  std::atomic<int> countdown{0};
  std::atomic<bool> has_come{false};
  std::mt19937_64 dice{};
  std::promise<void> all_left{};
};

std::shared_ptr<Moment> LosePowerSoon(SimulatedDisk* disk, const std::string& directory, const std::string& left,
                                      std::mt19937_64* dice) {
  const auto moment = std::make_shared<Moment>();
  moment->countdown = static_cast<int>((*dice)() % 200);
  moment->dice.seed((*dice)());
  disk->SetHook([disk, moment, directory, left](const DiskOperation&) {
    if (moment->countdown-- == 0) {
      moment->has_come = true;  // first: from here on promises are not read any more
      disk->LosePower(directory, left, &moment->dice);
      moment->all_left.set_value();
    }
    return Verdict{};
  });
  return moment;
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
    const auto moment = LosePowerSoon(disk.get(), directory, left, &dice);
    while (!moment->has_come) {
      promises = history.promises();
      history.Step();
    }
    ASSERT_EQ(moment->all_left.get_future().wait_for(kPatience), std::future_status::ready);
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
