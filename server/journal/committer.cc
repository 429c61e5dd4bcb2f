#include "server/journal/committer.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <utility>

namespace sluice::journal {
namespace {

rocksdb::Slice SliceOf(std::string_view text) { return {text.data(), text.size()}; }

void PutParts(rocksdb::WriteBatch* batch, const std::string& key, const std::string& header, std::string_view bytes) {
  const rocksdb::Slice key_part(key);
  const rocksdb::Slice value_parts[] = {header, SliceOf(bytes)};
  batch->Put(rocksdb::SliceParts(&key_part, 1), rocksdb::SliceParts(value_parts, 2)).PermitUncheckedError();
}

void PutSpace(rocksdb::WriteBatch* batch, const StoredSpace& space) {
  const std::string key = SpaceKey(space.id);
  batch->Put(key, EncodeSpace(key, {space.epoch, space.trimmed, space.name})).PermitUncheckedError();
}

void PutBatch(rocksdb::WriteBatch* to, std::uint32_t id, const Batch& batch, std::uint64_t total_bytes) {
  const BatchHeader header{batch.epoch, batch.batch_id, batch.contents.size(), total_bytes};
  const std::string records_key = BatchKey(id, Part::kRecords, batch.position);
  PutParts(to, records_key, EncodeHeader(records_key, header, batch.records), batch.records);
  if (batch.contents.empty()) return;
  const std::string contents_key = BatchKey(id, Part::kContents, batch.position);
  PutParts(to, contents_key, EncodeHeader(contents_key, header, batch.contents), batch.contents);
}

}  // namespace

struct Committer::Pending {
  Batch batch;
  Done done;
  Result result = Result::kOk;  // unless the write fails
};

struct Committer::Claim {
  std::string space;
  StoredSpace owned;
  std::optional<Result> result;
  std::string error;
};

struct Committer::Group {
  std::vector<Pending> appends;
  std::map<std::string, std::uint64_t> trims;
  std::vector<Claim*> claims;
  std::map<std::string, StoredSpace> spaces;  // as they will be
  std::uint32_t next_id = 0;
  rocksdb::WriteBatch batch;
  bool wants_sync = false;
};

Committer::Committer(Store* store, std::vector<StoredSpace> spaces, const RocksDbOptions& options)
    : store_(store), options_(options) {
  MutexLock lock(mutex_);
  for (StoredSpace& space : spaces) {
    std::string name = space.name;
    spaces_.emplace(std::move(name), std::move(space));
  }
  thread_ = std::thread([this] { Run(); });
}

Committer::~Committer() {
  {
    MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  changed_.NotifyOne();
  thread_.join();
}

void Committer::Append(Batch batch, Done done) {
  if (batch.records.size() + batch.contents.size() > options_.max_batch_bytes) {
    done(Result::kTooLarge);
    return;
  }
  {
    MutexLock lock(mutex_);
    appends_.push_back({std::move(batch), std::move(done)});
  }
  changed_.NotifyOne();
}

void Committer::Trim(std::string_view space, std::uint64_t position) {
  {
    MutexLock lock(mutex_);
    std::uint64_t& wanted = trims_[std::string(space)];
    wanted = std::max(wanted, position);
  }
  changed_.NotifyOne();
}

Result Committer::Own(std::string_view space, StoredSpace* owned, std::string* error) {
  Claim claim{std::string(space), {}, {}, {}};
  MutexLock lock(mutex_);
  claims_.push_back(&claim);
  changed_.NotifyOne();
  while (!claim.result) claimed_.Wait(mutex_);
  *owned = std::move(claim.owned);
  *error = std::move(claim.error);
  return *claim.result;
}

std::optional<StoredSpace> Committer::Find(std::string_view space) const {
  MutexLock lock(mutex_);
  const auto found = spaces_.find(space);
  if (found == spaces_.end()) return std::nullopt;
  return found->second;
}

std::vector<StoredSpace> Committer::Spaces() const {
  MutexLock lock(mutex_);
  std::vector<StoredSpace> spaces;
  for (const auto& [name, space] : spaces_) spaces.push_back(space);
  return spaces;
}

void Committer::Run() {
  for (;;) {
    Group group;
    if (!Take(&group)) return;
    Commit(&group);
  }
}

bool Committer::Take(Group* group) {
  MutexLock lock(mutex_);
  while (appends_.empty() && trims_.empty() && claims_.empty()) {
    if (is_stopping_) return false;
    changed_.Wait(mutex_);
  }
  std::size_t bytes = 0;
  while (!appends_.empty() && bytes < options_.max_group_bytes) {
    Pending& next = appends_.front();
    bytes += next.batch.records.size() + next.batch.contents.size();
    group->appends.push_back(std::move(next));
    appends_.pop_front();
  }
  group->trims.swap(trims_);
  group->claims.swap(claims_);
  group->next_id = static_cast<std::uint32_t>(spaces_.size()) + 1;  // namespaces are never removed
  return true;
}

void Committer::Commit(Group* group) {
  Plan(group);
  rocksdb::Status status;
  if (group->batch.Count() > 0) status = store_->Write(&group->batch);
  if (status.ok()) {
    Publish(group);
    Answer(group, Result::kOk, true);
    if (group->wants_sync) status = store_->Sync();
  }
  const Result result = status.ok() ? Result::kOk : Result::kUnknown;
  {
    MutexLock lock(mutex_);
    for (Claim* claim : group->claims) {
      claim->result = result;
      if (!status.ok()) claim->error = "cannot take over namespace \"" + claim->space + "\": " + status.ToString();
    }
  }
  if (!group->claims.empty()) claimed_.NotifyAll();
  Answer(group, result, false);
}

void Committer::Answer(Group* group, Result result, bool only_unsynced) {
  for (Pending& pending : group->appends) {
    if (pending.done == nullptr) continue;
    if (only_unsynced && pending.result == Result::kOk && pending.batch.durability == Durability::kFsync) continue;
    const Done done = std::exchange(pending.done, nullptr);
    done(pending.result == Result::kOk ? result : pending.result);
  }
}

void Committer::Plan(Group* group) const {
  for (Pending& pending : group->appends) PlanAppend(group, &pending);
  PlanTrims(group);
  PlanClaims(group);
}

void Committer::PlanAppend(Group* group, Pending* pending) const {
  const Batch& batch = pending->batch;
  StoredSpace* space = Planned(group, batch.space);
  if (space == nullptr || space->epoch != batch.epoch) {
    pending->result = Result::kFenced;
    return;
  }
  if (batch.position > space->last + 1) {
    pending->result = Result::kUnavailable;
    return;
  }
  if (batch.position <= space->last) {
    BatchHeader header{0, space->last_batch_id, 0, 0};
    std::uint64_t records_bytes = 0;
    const bool is_same = (batch.position == space->last && space->last_batch_id != 0) ||
                         store_->ReadHeader(space->id, batch.position, &header, &records_bytes) == Result::kOk;
    if (!is_same || header.batch_id != batch.batch_id) pending->result = Result::kFenced;
  } else {
    space->last = batch.position;
    space->last_batch_id = batch.batch_id;
    space->total_bytes += batch.records.size() + batch.contents.size();
    PutBatch(&group->batch, space->id, batch, space->total_bytes);
  }
  if (pending->result == Result::kOk && batch.durability == Durability::kFsync) group->wants_sync = true;
}

void Committer::PlanTrims(Group* group) const {
  for (const auto& [name, wanted] : group->trims) {
    StoredSpace* space = Planned(group, name);
    if (space == nullptr) continue;
    const std::uint64_t position = std::min(wanted, space->last);
    if (position <= space->trimmed) continue;
    for (const Part part : {Part::kRecords, Part::kContents}) {
      group->batch.DeleteRange(BatchKey(space->id, part, space->trimmed + 1), BatchKey(space->id, part, position + 1))
          .PermitUncheckedError();
    }
    space->trimmed = position;
    PutSpace(&group->batch, *space);
  }
}

void Committer::PlanClaims(Group* group) const {
  for (Claim* claim : group->claims) {
    StoredSpace* space = Planned(group, claim->space);
    if (space == nullptr) {
      space = &group->spaces[claim->space];
      space->id = group->next_id++;
      space->name = claim->space;
    }
    ++space->epoch;
    PutSpace(&group->batch, *space);
    claim->owned = *space;
    group->wants_sync = true;
  }
}

StoredSpace* Committer::Planned(Group* group, const std::string& name) const {
  const auto planned = group->spaces.find(name);
  if (planned != group->spaces.end()) return &planned->second;
  MutexLock lock(mutex_);
  const auto found = spaces_.find(name);
  if (found == spaces_.end()) return nullptr;
  return &group->spaces.emplace(name, found->second).first->second;
}

void Committer::Publish(Group* group) {
  MutexLock lock(mutex_);
  for (auto& [name, space] : group->spaces) spaces_.insert_or_assign(name, space);
}

}  // namespace sluice::journal
