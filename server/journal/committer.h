// The thread that writes. What was appended while it was busy is written together: one write and at most one sync for
// the batches of all namespaces. Nobody waits for a group to fill.
//
// After a write or sync that failed, nothing is written to the same files again: the store is closed and opened anew.
// That reads what is there, writes it to new files and syncs these; so what is found is durable, and what is not found
// was not written. A sync is never tried a second time: the system may have dropped the pages of the first.
//
// Thread safety: all methods may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sluice/mutex.h>
#include <sluice/thread_annotations.h>

#include "server/journal/commit_group.h"
#include "server/journal/data_directory.h"
#include "server/journal/disk_space.h"
#include "server/journal/journal.h"
#include "server/journal/reclaimer.h"
#include "server/journal/space_table.h"
#include "server/journal/store_slot.h"

namespace sluice::journal {

class Committer {
 public:
  // Borrows: all, until destroyed. Requires: the slot is open.
  Committer(const DataDirectory* directory, StoreSlot* slot, SpaceTable* table, Reclaimer* reclaimer,
            const RocksDbOptions& options);
  // What was appended before is carried out and answered.
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  void Append(std::shared_ptr<const Batch> batch, Journal::Done done);
  void Trim(std::string_view space, std::uint64_t position);
  // Blocks: for the disk.
  Result Own(std::string_view space, StoredSpace* owned, std::string* error);
  Health health() const;
  Activity activity() const;

 private:
  void Run();
  // False: there is nothing left to do, ever. What it takes may be nothing while something is wrong.
  bool Take(CommitGroup* group);
  void Commit(CommitGroup* group);
  void Fail(CommitGroup* group, const rocksdb::Status& status);
  // Without a store.
  void Refuse(CommitGroup* group);
  bool Reopen();
  void Answer(CommitGroup* group, bool only_unsynced);
  void AnswerClaims(CommitGroup* group, const std::string& error);
  void KeepTrims(const std::map<std::string, std::uint64_t>& trims);
  void SetHealth(Health health);
  void Count(std::uint64_t Activity::*event);

  const DataDirectory* const directory_;
  StoreSlot* const slot_;
  SpaceTable* const table_;
  Reclaimer* const reclaimer_;
  const RocksDbOptions options_;
  // The thread's own.
  DiskSpace disk_;
  Health failure_{};                                  // why there is no store; Ok: there is one
  std::chrono::steady_clock::time_point reopened_{};  // the last attempt
  // By then what was trimmed is to be synced, also if nobody else wants that: its files go no sooner.
  std::optional<std::chrono::steady_clock::time_point> sync_trims_at_{};
  // Up to these positions it is not known what was written before the failure.
  std::map<std::string, std::uint64_t> doubtful_{};

  mutable Mutex mutex_;
  CondVar changed_;
  CondVar claimed_;
  bool is_stopping_ SLUICE_GUARDED_BY(mutex_) = false;
  std::deque<PendingAppend> appends_ SLUICE_GUARDED_BY(mutex_);
  std::map<std::string, std::uint64_t> trims_ SLUICE_GUARDED_BY(mutex_);
  std::vector<Claim*> claims_ SLUICE_GUARDED_BY(mutex_);
  Health health_ SLUICE_GUARDED_BY(mutex_);
  Activity activity_ SLUICE_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace sluice::journal
