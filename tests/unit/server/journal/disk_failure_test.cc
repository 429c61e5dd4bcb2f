// A disk that fails: one operation, or all from some moment on. What was acknowledged stays, and every append is
// answered.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>

#include "tests/unit/server/journal/history.h"
#include "tests/unit/server/journal/rocksdb_lab.h"
#include "tests/unit/server/journal/simulated_disk.h"

namespace sluice::journal {
namespace {

using rocksdb::IOStatus;

constexpr int kSteps = 40;

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
    Health failure;
    const std::unique_ptr<RocksDbJournal> journal = RocksDbJournal::Open(directory_, Options(), &failure);
    if (journal == nullptr) {
      EXPECT_NE(failure.text, "");
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

// Each operation in turn, by number, until a run has fewer. SLUICE_EACH_OPERATION: with each failure; else every
// third with each of three.
struct Failure {
  Verdict verdict;
  int first;
};

class EachOperation : public DiskFailure, public testing::WithParamInterface<Failure> {};

TEST_P(EachOperation, MayFailOnceAndNothingIsLost) {
  const bool is_thorough = std::getenv("SLUICE_EACH_OPERATION") != nullptr;
  for (int nth = is_thorough ? 0 : GetParam().first;; nth += is_thorough ? 1 : 3) {
    std::atomic<int> operations{0};
    std::string failed;
    disk_ = std::make_shared<SimulatedDisk>();
    disk_->SetHook([&](const DiskOperation& operation) {
      if (operations++ != nth) return Verdict{};
      failed = std::string(operation.what) + " " + operation.path;
      return GetParam().verdict;
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
                         testing::Values(Failure{{Error(), false}, 0}, Failure{{Error(), true}, 1},
                                         Failure{{IOStatus::NoSpace("No space left on device"), true}, 2}));

// One namespace, and appends that say how they went.
class OneSpace : public DiskFailure {
 protected:
  void SetUp() override {
    journal_ = OpenOrFail(directory_, Options());
    ASSERT_NE(journal_, nullptr);
    owner_ = std::make_unique<Owner>(journal_.get(), "a");
  }

  // Again and again, as results ask for it.
  void AppendUntilOk(const Batch& batch) {
    for (int i = 0; i < 10'000; ++i) {
      const Result result = AppendNow(*journal_, batch);
      if (result == Result::kOk) return;
      ASSERT_TRUE(result == Result::kUnknown || result == Result::kUnavailable || result == Result::kFull)
          << NameOf(result);
    }
    FAIL() << "does not get well: " << journal_->health().text;
  }

  void WaitUntilWell() {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (journal_->health().result != Result::kOk && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
    }
    EXPECT_EQ(journal_->health().result, Result::kOk) << journal_->health().text;
    EXPECT_EQ(journal_->health().text, "");
  }

  std::unique_ptr<RocksDbJournal> journal_;
  std::unique_ptr<Owner> owner_;
};

TEST_F(OneSpace, ASyncThatFailsIsNotTriedAgainAsIfItHadSucceeded) {
  ASSERT_EQ(AppendNow(*journal_, owner_->Next("one")), Result::kOk);
  const auto has_failed = std::make_shared<std::atomic<bool>>(false);  // the journal outlives this function
  disk_->SetHook([has_failed](const DiskOperation& operation) {
    if (*has_failed || operation.what != "sync" || !operation.path.ends_with(".log")) return Verdict{};
    *has_failed = true;
    return Verdict{Error(), false};
  });
  const Activity before = journal_->activity();
  const Batch second = owner_->Next("two");
  AppendUntilOk(second);
  EXPECT_TRUE(*has_failed);
  EXPECT_EQ(journal_->activity().failures, before.failures + 1);
  ASSERT_EQ(AppendNow(*journal_, owner_->Next("three")), Result::kOk);
  std::mt19937_64 dice(1);
  disk_->LosePower(directory_, scratch_.path("left"), &dice);
  const std::unique_ptr<RocksDbJournal> left = OpenOrFail(scratch_.path("left"));
  ASSERT_NE(left, nullptr);
  EXPECT_EQ(RecordsOf(*left, "a"), (std::map<std::uint64_t, std::string>{{1, "one"}, {2, "two"}, {3, "three"}}));
}

TEST_F(OneSpace, WhileEverythingFailsNothingIsAcknowledgedAndAfterwardsItGoesOn) {
  ASSERT_EQ(AppendNow(*journal_, owner_->Next("one")), Result::kOk);
  disk_->SetHook([](const DiskOperation&) { return Verdict{Error(), false}; });
  const Batch second = owner_->Next("two");
  EXPECT_EQ(AppendNow(*journal_, second), Result::kUnknown);
  EXPECT_EQ(AppendNow(*journal_, second), Result::kUnknown) << "still";
  EXPECT_EQ(AppendNow(*journal_, owner_->Next("three")), Result::kUnavailable) << "this was never tried";
  EXPECT_NE(journal_->health().result, Result::kOk);
  EXPECT_NE(journal_->health().text.find(directory_), std::string::npos) << journal_->health().text;
  EXPECT_NE(journal_->health().text.find("Input/output error"), std::string::npos) << journal_->health().text;
  Extent extent;
  std::string error;
  EXPECT_NE(journal_->Own("a", &extent, &error), Result::kOk);
  EXPECT_NE(error, "");
  // It is tried again and again, also if nobody asks.
  const std::uint64_t failures = journal_->activity().failures;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (journal_->activity().failures < failures + 2 && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
  }
  EXPECT_GE(journal_->activity().failures, failures + 2);
  disk_->SetHook(nullptr);
  WaitUntilWell();
  AppendUntilOk(second);
  EXPECT_EQ(RecordsOf(*journal_, "a").size(), 2u);
}

// RocksDB says in two entries that a memtable is in tables, and that its log is not needed any more. That log is not
// read again, and may be torn.
TEST_F(OneSpace, AFlushThatIsWrittenDownByHalvesIsAFlush) {
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    int logs = 0;     // created
    int begun = 0;    // tables
    int tables = 0;   // closed
    int entries = 0;  // of the second table
  };
  const auto state = std::make_shared<State>();  // the journal outlives this function
  disk_->SetHook([state](const DiskOperation& operation) {
    std::unique_lock lock(state->mutex);
    const bool is_append = operation.what == "append";
    const bool is_log = operation.path.ends_with(".log");
    const bool is_table = operation.path.ends_with(".sst");
    if (operation.what == "create" && is_log) ++state->logs;
    if (operation.what == "create" && is_table) ++state->begun;
    if (operation.what == "close" && is_table) ++state->tables;
    const bool is_entry = is_append && state->tables == 2 && operation.path.find("/MANIFEST-") != std::string::npos;
    if (is_entry) ++state->entries;
    state->changed.notify_all();
    // The first memtable becomes a table of its own, when the second one is full; nothing is written to a third log.
    const auto wait_for = [&](const int* count, int wanted) {
      EXPECT_TRUE(state->changed.wait_for(lock, kPatience, [=] { return *count >= wanted; }));
    };
    if (is_append && is_log && state->logs == 1) wait_for(&state->begun, 1);
    if (is_append && is_table) wait_for(&state->logs, 2);
    const bool is_third_log = is_append && is_log && state->logs == 2;
    if (is_third_log) wait_for(&state->entries, 2);
    return is_third_log || (is_entry && state->entries == 2) ? Verdict{Error(), false} : Verdict{};
  });
  std::map<std::uint64_t, std::string> written;
  const auto has_failed = [&] {
    const std::lock_guard lock(state->mutex);
    return state->entries >= 2;
  };
  while (!has_failed()) {
    const Batch batch = owner_->Next(std::string(1 << 10, 'x'), "", Durability::kAsync);
    written[batch.position] = batch.records;
    AppendUntilOk(batch);
    ASSERT_LT(written.size(), 1000u);
  }
  AppendUntilOk(owner_->Next("last"));
  written[owner_->last()] = "last";
  for (unsigned seed = 0; seed < 10; ++seed) {
    const std::string left_path = scratch_.path("left" + std::to_string(seed));
    std::mt19937_64 dice(seed);
    disk_->LosePower(directory_, left_path, &dice);
    const std::unique_ptr<RocksDbJournal> left = OpenOrFail(left_path);
    ASSERT_NE(left, nullptr);
    EXPECT_EQ(RecordsOf(*left, "a"), written);
  }
}

TEST_F(OneSpace, AFullDiskRefusesPutsAndLetsWhatFreesSpaceThrough) {
  disk_->SetFreeSpace(20 << 20);
  const Batch next = owner_->Next("next", std::string(16 << 20, 'x'));
  EXPECT_EQ(AppendNow(*journal_, next), Result::kFull);
  EXPECT_EQ(AppendNow(*journal_, next), Result::kFull);
  EXPECT_EQ(journal_->activity().refused, 2u);
  EXPECT_EQ(journal_->free_bytes(), std::uint64_t{20} << 20);
  EXPECT_EQ(journal_->health().result, Result::kFull);
  EXPECT_NE(journal_->health().text.find("20 MiB are free"), std::string::npos) << journal_->health().text;
  Batch done = next;
  done.contents.clear();
  done.reserve = true;
  EXPECT_EQ(AppendNow(*journal_, done), Result::kOk);
  disk_->SetFreeSpace(std::uint64_t{1} << 40);
  WaitUntilWell();
  EXPECT_EQ(AppendNow(*journal_, owner_->Next("put again")), Result::kOk);
}

TEST_F(OneSpace, WhenOthersFillTheDiskTheReserveIsGivenBack) {
  ASSERT_TRUE(std::filesystem::exists(directory_ + "/sluice.reserve"));
  disk_->SetFreeSpace(0);
  const Batch large = owner_->Next("large", std::string(16 << 20, 'x'));
  EXPECT_EQ(AppendNow(*journal_, large), Result::kFull);
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/sluice.reserve"));
  disk_->SetFreeSpace(std::uint64_t{1} << 40);
  AppendUntilOk(large);
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/sluice.reserve")) << "as soon as there is space";
}

TEST_F(OneSpace, AWriteThatFindsTheDiskFullIsCertainlyNotWritten) {
  const auto is_full = std::make_shared<std::atomic<bool>>(true);  // the journal outlives this function
  disk_->SetHook([is_full](const DiskOperation& operation) {
    if (!*is_full || operation.what != "append" || !operation.path.ends_with(".log")) return Verdict{};
    *is_full = false;
    return Verdict{IOStatus::NoSpace("No space left on device"), true};
  });
  Batch batch = owner_->Next("one");
  EXPECT_EQ(AppendNow(*journal_, batch), Result::kFull);
  batch.batch_id += 1;
  batch.records = "another";
  EXPECT_EQ(AppendNow(*journal_, batch), Result::kOk);
  EXPECT_EQ(RecordsOf(*journal_, "a")[1], "another");
}

}  // namespace
}  // namespace sluice::journal
