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

namespace sluice::journal {

class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "sluice-journal-XXXXXX";
    path_ = mkdtemp(pattern.data());
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
  return options;
}

inline std::unique_ptr<RocksDbJournal> OpenOrFail(const std::string& directory,
                                                  const RocksDbOptions& options = SmallOptions()) {
  std::string error;
  std::unique_ptr<RocksDbJournal> journal = RocksDbJournal::Open(directory, options, &error);
  EXPECT_NE(journal, nullptr) << error;
  return journal;
}

class RocksDbLab : public Lab {
 public:
  std::unique_ptr<Journal> Open() override { return OpenOrFail(scratch_.path("journal")); }
  std::unique_ptr<Journal> Reopen(std::unique_ptr<Journal> journal) override {
    journal.reset();
    return Open();
  }
  std::string NewDirectory() override { return scratch_.path("snapshot" + std::to_string(++directories_)); }
  std::unique_ptr<Journal> OpenSnapshot(const std::string& directory) override { return OpenOrFail(directory); }

 private:
  ScratchDirectory scratch_;
  int directories_ = 0;
};

}  // namespace sluice::journal
