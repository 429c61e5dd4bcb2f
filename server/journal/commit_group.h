// What is written at once: appends, trims and changes of owner of any namespaces, as one batch of RocksDB.
#pragma once

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/journal/disk_space.h"
#include "server/journal/journal.h"
#include "server/journal/space_table.h"
#include "server/journal/store.h"

namespace sluice::journal {

struct PendingAppend {
  std::shared_ptr<const Batch> batch;
  Journal::Done done;           // empty once it was called
  Result result = Result::kOk;  // other than Ok: whatever becomes of the write
};

// Somebody waits for it, in Own.
struct Claim {
  std::string space;
  StoredSpace owned{};
  Result outcome = Result::kOk;
  std::optional<Result> result{};  // the outcome, once it is final; guarded by the committer's mutex, like the error
  std::string error{};
};

// Thread safety: one thread at a time.
class CommitGroup {
 public:
  std::vector<PendingAppend> appends;
  std::map<std::string, std::uint64_t> trims;
  std::vector<Claim*> claims;

  std::uint64_t bytes() const;

  // Decides what becomes of each, if the write succeeds, and fills `batch`.
  void Plan(Store* store, const SpaceTable& table, const DiskSpace& disk);
  // Decides after a write that failed, by what the store has that was opened anew: what is there is there, and on
  // stable storage; what is not gets `refusal`.
  void Settle(const Store& store, const SpaceTable& table, Result refusal);

  rocksdb::WriteBatch batch;
  bool has_changes = false;
  bool wants_sync = false;
  std::map<std::string, SpaceState> spaces;         // as they are after it
  std::map<std::string, std::uint64_t> trims_left;  // what is to follow in another one

 private:
  void PlanAppend(Store* store, const SpaceTable& table, const DiskSpace& disk, PendingAppend* pending);
  void PlanTrims(const SpaceTable& table);
  void PlanClaims(const SpaceTable& table);
  // Null: it was never owned.
  SpaceState* Find(const SpaceTable& table, const std::string& name);
  void PutBatch(std::uint32_t id, const Batch& from);
  void PutSpace(const StoredSpace& space);
};

}  // namespace sluice::journal
