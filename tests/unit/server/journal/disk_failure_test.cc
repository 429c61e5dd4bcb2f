// A disk that fails: one operation, or all from some moment on. What was acknowledged stays, and every append is
// answered.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>

#include "tests/unit/server/journal/history.h"
#include "tests/unit/server/journal/rocksdb_lab.h"
#include "tests/unit/server/journal/simulated_disk.h"

namespace sluice::journal {
namespace {

using rocksdb::IOStatus;

constexpr int kSteps = 60;

IOStatus Error() { return IOStatus::IOError("Input/output error"); }

class DiskFailure : public testing::Test {
 protected:
  RocksDbOptions Options() const {
    RocksDbOptions options = SmallOptions();
    options.memtable_bytes = 64 << 10;
    options.file_system = disk_;
    return options;
  }

  // Opens, appends, and closes, whatever fails meanwhile. Fails if something is not answered.
  std::map<std::string, Promises> Work() {
    std::string error;
    const std::unique_ptr<RocksDbJournal> journal = RocksDbJournal::Open(directory_, Options(), &error);
    if (journal == nullptr) {
      EXPECT_NE(error, "");
      return {};
    }
    History history(journal.get(), 1, 3);
    for (int i = 0; i < kSteps; ++i) history.Step();
    return history.promises();
  }

  // The process is gone, or the power.
  void ExpectAllKept(const std::map<std::string, Promises>& promises) {
    disk_->SetHook(nullptr);
    std::mt19937_64 dice(1);
    disk_->LosePower(directory_, scratch_.path("left"), &dice);
    {
      const std::unique_ptr<RocksDbJournal> after = OpenOrFail(directory_);
      ASSERT_NE(after, nullptr);
      ExpectKept(*after, promises, true);
    }
    const std::unique_ptr<RocksDbJournal> left = OpenOrFail(scratch_.path("left"));
    ASSERT_NE(left, nullptr);
    ExpectKept(*left, promises, false);
  }

  const ScratchDirectory scratch_;
  const std::string directory_ = scratch_.path("journal");
  std::shared_ptr<SimulatedDisk> disk_ = std::make_shared<SimulatedDisk>();
};

// Each operation in turn, by number, until a run has fewer.
class EachOperation : public DiskFailure, public testing::WithParamInterface<Verdict> {};

TEST_P(EachOperation, MayFailOnceAndNothingIsLost) {
  for (int nth = 0;; ++nth) {
    std::atomic<int> operations{0};
    std::string failed;
    disk_ = std::make_shared<SimulatedDisk>();
    disk_->SetHook([&](const DiskOperation& operation) {
      if (operations++ != nth) return Verdict{};
      failed = std::string(operation.what) + " " + operation.path;
      return GetParam();
    });
    const std::map<std::string, Promises> promises = Work();
    ExpectAllKept(promises);
    ASSERT_FALSE(HasFailure()) << "operation " << nth << ": " << failed;
    std::filesystem::remove_all(directory_);
    std::filesystem::remove_all(scratch_.path("left"));
    if (operations <= nth) break;
  }
}

INSTANTIATE_TEST_SUITE_P(, EachOperation,
                         testing::Values(Verdict{Error(), false}, Verdict{Error(), true},
                                         Verdict{IOStatus::NoSpace("No space left on device"), true}));

}  // namespace
}  // namespace sluice::journal
