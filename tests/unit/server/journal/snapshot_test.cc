// Snapshots that are taken while others append.
#include <gtest/gtest.h>
#include <rocksdb/file_system.h>

#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/server/journal/rocksdb_lab.h"

namespace sluice::journal {
namespace {

constexpr int kWriters = 3;
constexpr int kSnapshots = 10;
constexpr std::uint64_t kBehindTheEnd = 20;  // batches: more than what is read at once

// Whoever reads a log and comes to where it ends reads on when more was appended behind that: so a log changes while it
// is copied.
class ChangingLogs : public rocksdb::FileSystemWrapper {
 public:
  ChangingLogs() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "ChangingLogs"; }

  std::atomic<bool> is_copied{false};
  std::atomic<std::uint64_t> acknowledged{0};

  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* context) override {
    rocksdb::IOStatus status = target()->NewSequentialFile(path, options, file, context);
    if (status.ok() && path.ends_with(".log")) *file = std::make_unique<File>(this, std::move(*file));
    return status;
  }

 private:
  class File : public rocksdb::FSSequentialFileOwnerWrapper {
   public:
    File(ChangingLogs* disk, std::unique_ptr<rocksdb::FSSequentialFile> file)
        : FSSequentialFileOwnerWrapper(std::move(file)), disk_(disk) {}
    rocksdb::IOStatus Read(std::size_t bytes, const rocksdb::IOOptions& options, rocksdb::Slice* result, char* scratch,
                           rocksdb::IODebugContext* context) override {
      rocksdb::IOStatus status = target()->Read(bytes, options, result, scratch, context);
      const bool is_end = status.ok() && (result->empty() || (*result)[result->size() - 1] == 0);
      if (is_end && !std::exchange(has_waited_, true)) disk_->WaitForAppends();
      return status;
    }

   private:
    ChangingLogs* const disk_;
    bool has_waited_ = false;
  };

  void WaitForAppends() {
    const std::uint64_t wanted = acknowledged + kBehindTheEnd;
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (is_copied && acknowledged < wanted && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  }
};

class Snapshot : public testing::Test {
 protected:
  Snapshot() {
    RocksDbOptions options = SmallOptions();
    options.file_system = disk_;
    journal_ = OpenOrFail(scratch_.path("journal"), options);
    for (int i = 0; i < kWriters; ++i) writers_.emplace_back([this, i] { Write(i); });
  }
  ~Snapshot() override {
    is_over_ = true;
    for (std::thread& writer : writers_) writer.join();
  }

  static std::string NameOf(int writer) { return "space" + std::to_string(writer); }

  // Appends one batch after another.
  void Write(int writer) {
    Owner owner(journal_.get(), NameOf(writer));
    while (!is_over_) {
      ASSERT_EQ(AppendNow(*journal_, owner.Next("records", std::string(100 + owner.last() % 3000, 'c'))), Result::kOk);
      acknowledged_[static_cast<std::size_t>(writer)] = owner.last();
      ++disk_->acknowledged;
    }
  }

  const ScratchDirectory scratch_;
  const std::shared_ptr<ChangingLogs> disk_ = std::make_shared<ChangingLogs>();
  std::unique_ptr<RocksDbJournal> journal_;
  std::array<std::atomic<std::uint64_t>, kWriters> acknowledged_{};  // positions
  std::atomic<bool> is_over_{false};
  std::vector<std::thread> writers_;
};

TEST_F(Snapshot, TakenWhileOthersAppendHoldsWhatWasAcknowledgedBefore) {
  for (int i = 0; i < kSnapshots; ++i) {
    const std::string copy = scratch_.path("copy" + std::to_string(i));
    const std::vector<std::uint64_t> before(acknowledged_.begin(), acknowledged_.end());
    std::string error;
    disk_->is_copied = true;
    const Result result = journal_->Snapshot(copy, &error);
    disk_->is_copied = false;
    ASSERT_EQ(result, Result::kOk) << error;
    const std::unique_ptr<RocksDbJournal> restored = OpenOrFail(copy);
    ASSERT_NE(restored, nullptr) << "snapshot " << i;
    for (int writer = 0; writer < kWriters; ++writer) {
      const std::uint64_t kept = before[static_cast<std::size_t>(writer)];
      const std::map<std::uint64_t, std::string> records = RecordsOf(*restored, NameOf(writer));
      EXPECT_GE(records.size(), kept) << "snapshot " << i;
    }
  }
}

}  // namespace
}  // namespace sluice::journal
