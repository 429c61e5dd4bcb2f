#include "server/journal/database.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/metadata.h>
#include <rocksdb/table.h>
#include <rocksdb/wal_filter.h>

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sluice::journal {
namespace {

constexpr std::size_t kBlockCacheBytes = std::size_t{16} << 20;
constexpr int kMaxOpenFiles = 256;

// RocksDB would write its own log beside the data, and ends the process (an assertion of Debian's build) when a disk
// that takes nothing does not take that either. What goes wrong is in the statuses.
class NoLog : public rocksdb::Logger {
 public:
  using Logger::Logv;
  void Logv(const char*, va_list) override {}
};

// After a full disk RocksDB would go on by itself as soon as there is space, on a thread of its own.
class NoResume : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

// Looks at the first record of the logs, and takes none.
class NoReplay : public rocksdb::WalFilter {
 public:
  void ColumnFamilyLogNumberMap(const std::map<std::uint32_t, std::uint64_t>& first_logs,
                                const std::map<std::string, std::uint32_t>&) override {
    for (const auto& [family, log] : first_logs) first_log_ = log;  // there is one
  }
  WalProcessingOption LogRecordFound(unsigned long long, const std::string&, const rocksdb::WriteBatch&,  // NOLINT
                                     rocksdb::WriteBatch*, bool*) override {
    return WalProcessingOption::kStopReplay;
  }
  const char* Name() const override { return "NoReplay"; }
  // What older ones hold is in tables; 0: there are no logs.
  std::uint64_t first_log() const { return first_log_; }

 private:
  std::uint64_t first_log_ = 0;
};

rocksdb::Options OptionsOf(const RocksDbOptions& options, rocksdb::Env* env) {
  rocksdb::Options result;
  result.env = env;
  result.create_if_missing = true;
  result.paranoid_checks = true;
  result.write_buffer_size = options.memtable_bytes;
  result.max_open_files = kMaxOpenFiles;
  result.max_background_jobs = 2;
  result.compression = rocksdb::kNoCompression;
  // One committer writes: nothing is gained from threads that write memtables together.
  result.allow_concurrent_memtable_write = false;
  result.enable_write_thread_adaptive_yield = false;
  // WalCheck has judged the logs: RocksDB shall find nothing wrong with them, and not go on if it does.
  result.wal_recovery_mode = rocksdb::WALRecoveryMode::kAbsoluteConsistency;
  // Recovery writes what the logs hold to new files and syncs these: see Store::Open.
  result.avoid_flush_during_recovery = false;
  // Notices a log that is missing as a whole.
  result.track_and_verify_wals_in_manifest = true;
  // After an error the committer opens the store anew; nothing is tried again behind its back.
  result.max_bgerror_resume_count = 0;
  result.listeners.push_back(std::make_shared<NoResume>());
  result.bytes_per_sync = std::uint64_t{1} << 20;
  result.info_log = std::make_shared<NoLog>();
  result.stats_dump_period_sec = 0;
  result.stats_persist_period_sec = 0;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return result;
}

std::unique_ptr<rocksdb::DB> OpenWith(const rocksdb::Options& options, const DataDirectory& directory, Access access,
                                      Health* failure) {
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = access == Access::kRead ? rocksdb::DB::OpenForReadOnly(options, directory.path(), &db)
                                                         : rocksdb::DB::Open(options, directory.path(), &db);
  if (!status.ok()) {
    *failure = {ResultOf(status), "cannot open data directory " + directory.path() + ": " + status.ToString()};
  }
  return std::unique_ptr<rocksdb::DB>(db);
}

}  // namespace

Result ResultOf(const rocksdb::Status& status) {
  if (status.ok()) return Result::kOk;
  if (status.IsNoSpace()) return Result::kFull;
  if (status.IsCorruption()) return Result::kCorrupt;
  if (status.IsNotFound()) return Result::kLost;
  return Result::kUnavailable;
}

// RocksDB's manifest says it, without the logs.
bool ReadTables(const DataDirectory& directory, const RocksDbOptions& options, WalCheck::Tables* tables,
                Health* failure) {
  if (directory.env()->FileExists(directory.path() + "/CURRENT").IsNotFound()) return true;  // it is new
  NoReplay no_replay;
  rocksdb::Options lenient = OptionsOf(options, directory.env());
  lenient.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  lenient.wal_filter = &no_replay;
  const std::unique_ptr<rocksdb::DB> db = OpenWith(lenient, directory, Access::kRead, failure);
  if (db == nullptr) return false;
  db->GetIntProperty(rocksdb::DB::Properties::kMinLogNumberToKeep, &tables->first_log);
  // Both are written by a flush, one after the other: an error between them leaves the first one behind.
  tables->first_log = std::max(tables->first_log, no_replay.first_log());
  std::vector<rocksdb::LiveFileMetaData> files;
  db->GetLiveFilesMetaData(&files);
  for (const rocksdb::LiveFileMetaData& file : files) {
    tables->last_sequence = std::max<std::uint64_t>(tables->last_sequence, file.largest_seqno);
  }
  return true;
}

std::unique_ptr<rocksdb::DB> OpenDatabase(const DataDirectory& directory, const RocksDbOptions& options, Access access,
                                          Health* failure) {
  rocksdb::Options chosen = OptionsOf(options, directory.env());
  // A torn end is still there, and is left out; after it a log may go on where it was cut.
  if (access == Access::kRead) chosen.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return OpenWith(chosen, directory, access, failure);
}

}  // namespace sluice::journal
