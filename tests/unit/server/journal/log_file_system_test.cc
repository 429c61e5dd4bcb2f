#include "server/journal/log_file_system.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "tests/unit/server/journal/rocksdb_lab.h"
#include "tests/unit/server/journal/simulated_disk.h"

namespace sluice::journal {
namespace {

using rocksdb::IOStatus;

class Logs : public testing::Test {
 protected:
  std::unique_ptr<rocksdb::FSWritableFile> Create() {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    EXPECT_TRUE(files_.NewWritableFile(path_, {}, &file, nullptr).ok());
    return file;
  }
  std::uint64_t SizeNow() {
    std::uint64_t size = 0;
    EXPECT_TRUE(files_.GetFileSize(path_, {}, &size, nullptr).ok());
    return size;
  }

  const ScratchDirectory scratch_;
  const std::string path_ = scratch_.path("000001.log");
  const std::shared_ptr<SimulatedDisk> disk_ = std::make_shared<SimulatedDisk>();
  LogFileSystem files_{disk_};
};

TEST_F(Logs, AreAsLongAsWhatWasWrittenThoughZerosStandBehindIt) {
  const auto file = Create();
  ASSERT_TRUE(file->Append("12345", {}, nullptr).ok());
  EXPECT_GT(std::filesystem::file_size(path_), 5u);
  EXPECT_EQ(SizeNow(), 5u);
  ASSERT_TRUE(file->Append("678", {}, nullptr).ok());
  EXPECT_EQ(SizeNow(), 8u);
  ASSERT_TRUE(file->Close({}, nullptr).ok());
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
  EXPECT_EQ(SizeNow(), 8u);
}

TEST_F(Logs, AreNotSyncedAgainAfterASyncThatFailed) {
  const auto file = Create();
  ASSERT_TRUE(file->Append("1", {}, nullptr).ok());
  disk_->SetHook([](const DiskOperation& operation) {
    return operation.what == "sync" ? Verdict{IOStatus::IOError("Input/output error"), false} : Verdict{};
  });
  EXPECT_TRUE(file->Sync({}, nullptr).IsIOError());
  disk_->SetHook(nullptr);
  EXPECT_TRUE(file->Sync({}, nullptr).IsIOError()) << "what was written is gone, whatever the system says now";
  EXPECT_TRUE(file->Fsync({}, nullptr).IsIOError());
}

}  // namespace
}  // namespace sluice::journal
