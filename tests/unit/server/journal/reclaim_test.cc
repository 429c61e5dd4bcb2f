// What was trimmed gives its space back, whether or not more is appended.
#include <gtest/gtest.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <thread>

#include "tests/unit/server/journal/rocksdb_lab.h"

namespace sluice::journal {
namespace {

constexpr std::size_t kContentsBytes = 8'000;

std::uint64_t BytesIn(const std::string& directory) {
  std::uint64_t sum = 0;
  std::error_code gone;
  for (const auto& file : std::filesystem::directory_iterator(directory, gone)) {
    const std::uint64_t size = file.file_size(gone);
    if (!gone) sum += size;
  }
  return sum;
}

// The disk on which there is nothing but one directory.
class SmallDisk : public rocksdb::FileSystemWrapper {
 public:
  SmallDisk(std::string directory, std::uint64_t capacity)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), directory_(std::move(directory)), capacity_(capacity) {}
  const char* Name() const override { return "SmallDisk"; }
  rocksdb::IOStatus GetFreeSpace(const std::string&, const rocksdb::IOOptions&, std::uint64_t* bytes,
                                 rocksdb::IODebugContext*) override {
    *bytes = capacity_ - std::min(capacity_, BytesIn(directory_));
    return rocksdb::IOStatus::OK();
  }

 private:
  const std::string directory_;
  const std::uint64_t capacity_;
};

class Trimmed : public testing::Test {
 protected:
  static RocksDbOptions Options() {
    RocksDbOptions options = SmallOptions();
    options.memtable_bytes = 128 << 10;
    options.reclaim_bytes = 256 << 10;
    return options;
  }
  void Open(const RocksDbOptions& options) {
    journal_ = OpenOrFail(path_, options);
    owner_ = std::make_unique<Owner>(journal_.get(), "a");
  }
  Batch Put() { return owner_->Next("put", std::string(kContentsBytes, 'c'), Durability::kAsync); }
  void WaitUntilSmallerThan(std::uint64_t bytes) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (BytesIn(path_) >= bytes && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    EXPECT_LT(BytesIn(path_), bytes);
  }
  void ExpectContents(const std::string& space, std::uint64_t first, std::uint64_t last) {
    EXPECT_EQ(RecordsOf(*journal_, space).size(), last + 1 - first);
    for (std::uint64_t position = first; position <= last; ++position) {
      std::string contents;
      ASSERT_EQ(journal_->ReadContents(space, position, &contents), Result::kOk) << position;
      ASSERT_EQ(contents, std::string(kContentsBytes, 'c'));
    }
  }

  const ScratchDirectory scratch_;
  const std::string path_ = scratch_.path("journal");
  std::unique_ptr<RocksDbJournal> journal_;
  std::unique_ptr<Owner> owner_;
};

TEST_F(Trimmed, GivesItsFilesBackWhileNothingIsAppended) {
  Open(Options());
  Owner other(journal_.get(), "b");
  for (int i = 1; i <= 600; ++i) {
    ASSERT_EQ(AppendNow(*journal_, Put()), Result::kOk);
    if (i % 10 == 0) {
      const Batch batch = other.Next("put", std::string(kContentsBytes, 'c'), Durability::kAsync);
      ASSERT_EQ(AppendNow(*journal_, batch), Result::kOk);
    }
  }
  EXPECT_GT(BytesIn(path_), 600 * kContentsBytes);
  journal_->Trim("a", 590);
  WaitUntilSmallerThan(100 * kContentsBytes + (512 << 10));  // 70 are alive
  for (int i = 0; i < 2; ++i) {
    ExpectContents("a", 591, 600);
    ExpectContents("b", 1, 60);
    journal_.reset();
    journal_ = OpenOrFail(path_, Options());
  }
}

TEST_F(Trimmed, ByAnEarlierLifeGivesItsFilesBackToo) {
  RocksDbOptions options = Options();
  options.reclaim_bytes = std::uint64_t{1} << 40;
  options.memtable_bytes = 16 << 20;  // of few files RocksDB makes nothing by itself
  Open(options);
  for (int i = 0; i < 300; ++i) ASSERT_EQ(AppendNow(*journal_, Put()), Result::kOk);
  journal_.reset();
  journal_ = OpenOrFail(path_, options);
  journal_->Trim("a", 299);
  journal_.reset();
  EXPECT_GT(BytesIn(path_), 200 * kContentsBytes);
  journal_ = OpenOrFail(path_, Options());
  WaitUntilSmallerThan(50 * kContentsBytes + (256 << 10));
  ExpectContents("a", 300, 300);
}

TEST_F(Trimmed, CuresADiskThatItHadFilled) {
  RocksDbOptions options = Options();
  options.min_free_bytes = 1 << 20;
  options.min_free_reserve_bytes = 64 << 10;
  options.reclaim_bytes = 8 << 20;  // more than there is, but on a full disk less is enough
  options.file_system = std::make_shared<SmallDisk>(path_, 6 << 20);
  Open(options);
  // Full for good: RocksDB takes more for a while, when it writes files anew.
  Batch put = Put();
  for (int refusals = 0; refusals < 1'000;) {
    if (AppendNow(*journal_, put) == Result::kFull) {
      ++refusals;
    } else {
      refusals = 0;
      put = Put();
    }
  }
  journal_->Trim("a", put.position - 2);
  Result result = Result::kFull;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (result == Result::kFull && std::chrono::steady_clock::now() < end) result = AppendNow(*journal_, put);
  ASSERT_EQ(result, Result::kOk) << journal_->health().text;
  ExpectContents("a", put.position - 1, put.position);
}

}  // namespace
}  // namespace sluice::journal
