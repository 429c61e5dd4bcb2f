#include "server/journal/commit_group.h"

#include <algorithm>
#include <utility>

#include "server/journal/database.h"

namespace sluice::journal {
namespace {

constexpr std::uint64_t kMaxTrimmed = 4096;  // batches of one namespace at once: others wait meanwhile

// What an append at a position that is taken is answered: Ok if it is the batch that is there.
Result CompareWithStored(const Store& store, const StoredSpace& space, const Batch& batch) {
  BatchHeader stored = space.newest;
  if (batch.position != space.last || stored.epoch == 0) {
    const Result result = store.ReadHeader(space.id, batch.position, &stored);
    if (result == Result::kLost) return Result::kFenced;  // it was trimmed
    if (result != Result::kOk) return Result::kUnknown;
  }
  return stored.epoch == batch.epoch && stored.batch_id == batch.batch_id ? Result::kOk : Result::kFenced;
}

BatchHeader HeaderOf(const Batch& batch) { return {batch.epoch, batch.batch_id, batch.contents.size()}; }

void PutParts(rocksdb::WriteBatch* batch, const std::string& key, const BatchHeader& header, std::string_view bytes) {
  const std::string head = EncodeHeader(key, header, bytes);
  const rocksdb::Slice key_part(key);
  const rocksdb::Slice value_parts[] = {head, SliceOf(bytes)};
  batch->Put(rocksdb::SliceParts(&key_part, 1), rocksdb::SliceParts(value_parts, 2)).PermitUncheckedError();
}

}  // namespace

std::uint64_t CommitGroup::bytes() const {
  std::uint64_t sum = 0;
  for (const PendingAppend& pending : appends) sum += pending.batch->records.size() + pending.batch->contents.size();
  return sum;
}

void CommitGroup::Plan(Store* store, const SpaceTable& table, const DiskSpace& disk) {
  batch = store->NewBatch();
  for (PendingAppend& pending : appends) PlanAppend(store, table, disk, &pending);
  PlanTrims(table);
  PlanClaims(table);
}

void CommitGroup::PlanAppend(Store* store, const SpaceTable& table, const DiskSpace& disk, PendingAppend* pending) {
  const Batch& from = *pending->batch;
  SpaceState* state = Find(table, from.space);
  if (state == nullptr || state->stored.epoch != from.epoch) {
    pending->result = Result::kFenced;
    return;
  }
  StoredSpace& space = state->stored;
  if (state->is_lost) {
    pending->result = Result::kLost;
  } else if (from.position <= space.last) {
    pending->result = CompareWithStored(*store, space, from);
  } else if (from.position > space.last + 1) {
    pending->result = Result::kUnavailable;
  } else if (!disk.HasRoom(from.reserve)) {
    pending->result = Result::kFull;
  } else {
    space.last = from.position;
    space.newest = HeaderOf(from);
    PutBatch(space.id, from);
  }
  if (pending->result != Result::kOk) return;
  if (from.durability == Durability::kFsync) {
    wants_sync = true;
  } else {
    state->acknowledged = std::max(state->acknowledged, from.position);
  }
}

void CommitGroup::PlanTrims(const SpaceTable& table) {
  for (const auto& [name, wanted] : trims) {
    SpaceState* state = Find(table, name);
    if (state == nullptr) continue;
    StoredSpace& space = state->stored;
    const std::uint64_t position = std::min(wanted, space.last);
    if (position <= space.trimmed) continue;
    const std::uint64_t end = std::min(position, space.trimmed + kMaxTrimmed);
    // One by one: what RocksDB prepares of ranges in a memtable does not survive an error while it starts the next one.
    while (space.trimmed < end) {
      ++space.trimmed;
      for (const Part part : {Part::kRecords, Part::kContents}) {
        batch.Delete(BatchKey(space.id, part, space.trimmed)).PermitUncheckedError();
      }
    }
    if (end < position) trims_left.emplace(name, position);
    PutSpace(space);
  }
}

void CommitGroup::PlanClaims(const SpaceTable& table) {
  std::uint32_t next_id = table.NextId();
  for (Claim* claim : claims) {
    SpaceState* state = Find(table, claim->space);
    if (state == nullptr) {
      state = &spaces[claim->space];
      state->stored.id = next_id++;
      state->stored.name = claim->space;
    }
    ++state->stored.epoch;
    PutSpace(state->stored);
    claim->owned = state->stored;
    wants_sync = true;
  }
}

SpaceState* CommitGroup::Find(const SpaceTable& table, const std::string& name) {
  const auto planned = spaces.find(name);
  if (planned != spaces.end()) return &planned->second;
  std::optional<SpaceState> found = table.Find(name);
  if (!found) return nullptr;
  return &spaces.emplace(name, std::move(*found)).first->second;
}

void CommitGroup::PutBatch(std::uint32_t id, const Batch& from) {
  const BatchHeader header = HeaderOf(from);
  PutParts(&batch, BatchKey(id, Part::kRecords, from.position), header, from.records);
  if (!from.contents.empty()) PutParts(&batch, BatchKey(id, Part::kContents, from.position), header, from.contents);
  has_changes = true;
}

void CommitGroup::PutSpace(const StoredSpace& space) {
  const std::string key = SpaceKey(space.id);
  batch.Put(key, EncodeSpace(key, space)).PermitUncheckedError();
  has_changes = true;
}

void CommitGroup::Settle(const Store& store, const SpaceTable& table, Result refusal) {
  for (PendingAppend& pending : appends) {
    if (pending.result != Result::kOk || pending.done == nullptr) continue;
    const std::optional<SpaceState> state = table.Find(pending.batch->space);
    const bool is_there = state && pending.batch->position <= state->stored.last;
    pending.result = is_there ? CompareWithStored(store, state->stored, *pending.batch) : refusal;
  }
  for (Claim* claim : claims) {
    const std::optional<SpaceState> state = table.Find(claim->space);
    claim->outcome = state && state->stored.epoch >= claim->owned.epoch ? Result::kOk : refusal;
  }
}

}  // namespace sluice::journal
