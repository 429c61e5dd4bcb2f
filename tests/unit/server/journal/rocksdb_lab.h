// A directory that is gone after the test, and the journal in it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "server/journal/rocksdb_journal.h"
#include "tests/unit/server/journal/journal_conformance.h"
#include "tests/unit/server/journal/simulated_disk.h"

namespace sluice::journal {

class ScratchDirectory {
 public:
  ScratchDirectory() {
    // In memory if possible: what a power loss leaves is SimulatedDisk's matter, and disks are slow.
    std::string pattern = "/dev/shm/sluice-journal-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) {
      pattern = std::filesystem::temp_directory_path() / "sluice-journal-XXXXXX";
      EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    }
    path_ = pattern;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  std::string path(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Small, so that a test sees memtables fill and files come and go.
inline RocksDbOptions SmallOptions() {
  RocksDbOptions options;
  options.memtable_bytes = 256 << 10;
  options.reserve_bytes = 64 << 10;
  options.retry_interval = std::chrono::milliseconds(1);
  options.reclaim_bytes = 16 << 10;
  options.reclaim_interval = std::chrono::milliseconds(1);
  return options;
}

// On a disk that nobody waits for.
inline RocksDbOptions QuickOptions() {
  RocksDbOptions options = SmallOptions();
  options.file_system = std::make_shared<SimulatedDisk>();
  return options;
}

inline std::unique_ptr<RocksDbJournal> OpenOrFail(const std::string& directory,
                                                  const RocksDbOptions& options = QuickOptions()) {
  Health failure;
  std::unique_ptr<RocksDbJournal> journal = RocksDbJournal::Open(directory, options, &failure);
  EXPECT_NE(journal, nullptr) << failure.text;
  return journal;
}

class RocksDbLab : public Lab {
 public:
  std::unique_ptr<Journal> Open() override { return OpenOrFail(scratch_.path("journal"), SmallOptions()); }
  std::unique_ptr<Journal> Reopen(std::unique_ptr<Journal> journal) override {
    journal.reset();
    return Open();
  }
  std::string NewDirectory() override { return scratch_.path("snapshot" + std::to_string(++directories_)); }
  std::unique_ptr<Journal> OpenSnapshot(const Journal&, const std::string& directory) override {
    return OpenOrFail(directory);
  }

 private:
  ScratchDirectory scratch_;
  int directories_ = 0;
};

}  // namespace sluice::journal
