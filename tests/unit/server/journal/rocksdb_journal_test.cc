// What is RocksDB's alone: the directory, its lock, its size.
#include "server/journal/rocksdb_journal.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "tests/unit/server/journal/rocksdb_lab.h"
#include "tests/unit/server/journal/simulated_disk.h"

namespace sluice::journal {
namespace {

class Directory : public testing::Test {
 protected:
  std::string ErrorOf(const std::string& directory, const RocksDbOptions& options = QuickOptions()) {
    Health failure;
    EXPECT_EQ(RocksDbJournal::Open(directory, options, &failure), nullptr);
    EXPECT_FALSE(IsDamage(failure.result)) << failure.text;
    return failure.text;
  }
  static bool Says(const std::string& error, const std::string& text) { return error.find(text) != std::string::npos; }

  const ScratchDirectory scratch_;
  const std::string path_ = scratch_.path("journal");
};

TEST_F(Directory, IsCreatedForItsOwnerAlone) {
  ASSERT_NE(OpenOrFail(path_), nullptr);
  struct stat found {};
  ASSERT_EQ(stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700u);
}

TEST_F(Directory, IsHeldByOneJournal) {
  std::unique_ptr<RocksDbJournal> holder = OpenOrFail(path_);
  const std::string error = ErrorOf(path_);
  EXPECT_TRUE(Says(error, path_) && Says(error, "in use by another sluiced")) << error;
  holder.reset();
  EXPECT_NE(OpenOrFail(path_), nullptr);
}

TEST_F(Directory, ThatIsNoneIsRefused) {
  std::ofstream(path_) << "a file";
  EXPECT_TRUE(Says(ErrorOf(path_), path_ + " is not a directory"));
  EXPECT_TRUE(Says(ErrorOf(path_ + "/below"), "cannot create data directory " + path_ + "/below"));
  EXPECT_TRUE(Says(ErrorOf(scratch_.path("no/such")), "No such file or directory"));
}

TEST_F(Directory, ThatCannotBeWrittenIsRefusedWithTheReason) {
  for (const char* reason : {"Read-only file system", "Too many open files", "Permission denied"}) {
    auto disk = std::make_shared<SimulatedDisk>();
    disk->SetHook([reason](const DiskOperation& operation) {
      return operation.what == "create" ? Verdict{rocksdb::IOStatus::IOError(reason), false} : Verdict{};
    });
    RocksDbOptions options = SmallOptions();
    options.file_system = disk;
    const std::string error = ErrorOf(path_, options);
    EXPECT_TRUE(Says(error, reason) && Says(error, path_)) << error;
  }
}

TEST_F(Directory, OfANewerVersionIsRefused) {
  OpenOrFail(path_).reset();
  {
    rocksdb::DB* opened = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, path_, &opened).ok());
    const std::unique_ptr<rocksdb::DB> db(opened);
    ASSERT_TRUE(db->Put({}, "f", "2").ok());
  }
  const std::string error = ErrorOf(path_);
  EXPECT_TRUE(Says(error, path_) && Says(error, "format 2") && Says(error, "newer")) << error;
}

TEST_F(Directory, DoesNotGrowWhileAsMuchIsTrimmedAsAppended) {
  RocksDbOptions options = QuickOptions();
  options.memtable_bytes = 64 << 10;
  const std::unique_ptr<RocksDbJournal> journal = OpenOrFail(path_, options);
  Owner owner(journal.get(), "a");
  std::uint64_t most = 0;
  const auto bytes_on_disk = [this] {
    std::uint64_t sum = 0;
    for (const auto& file : std::filesystem::directory_iterator(path_)) {
      std::error_code gone;
      const std::uint64_t size = file.file_size(gone);
      if (!gone) sum += size;
    }
    return sum;
  };
  for (int i = 0; i < 10'000; ++i) {  // 20 MB
    ASSERT_EQ(AppendNow(*journal, owner.Next("records", std::string(2000, 'c'), Durability::kAsync)), Result::kOk);
    if (i % 10 == 0 && i > 20) journal->Trim("a", owner.last() - 20);
    if (i % 100 == 0) most = std::max(most, bytes_on_disk());
  }
  EXPECT_LT(most, std::uint64_t{3} << 20);
}

TEST_F(Directory, ABatchThatIsTooLargeIsRefused) {
  RocksDbOptions options = QuickOptions();
  options.max_batch_bytes = 1000;
  const std::unique_ptr<RocksDbJournal> journal = OpenOrFail(path_, options);
  Owner owner(journal.get(), "a");
  Batch batch = owner.Next(std::string(500, 'r'), std::string(501, 'c'));
  EXPECT_EQ(AppendNow(*journal, batch), Result::kTooLarge);
  batch.contents.pop_back();
  EXPECT_EQ(AppendNow(*journal, batch), Result::kOk);
}

}  // namespace
}  // namespace sluice::journal
