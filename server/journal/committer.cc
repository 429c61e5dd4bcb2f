#include "server/journal/committer.h"

#include <algorithm>
#include <utility>

namespace sluice::journal {
namespace {

constexpr std::uint64_t kMaxGroupBytes = std::uint64_t{8} << 20;  // written at once; one batch is always

}  // namespace

Committer::Committer(const DataDirectory* directory, StoreSlot* slot, SpaceTable* table, Reclaimer* reclaimer,
                     const RocksDbOptions& options)
    : directory_(directory),
      slot_(slot),
      table_(table),
      reclaimer_(reclaimer),
      options_(options),
      disk_(directory, options) {
  SetHealth(disk_.HasRoom(false) ? Health{} : Health{Result::kFull, disk_.text()});
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

void Committer::Append(std::shared_ptr<const Batch> batch, Journal::Done done) {
  if (batch->records.size() + batch->contents.size() > options_.max_batch_bytes) {
    Count(&Activity::refused);
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
  Claim claim{std::string(space)};
  MutexLock lock(mutex_);
  claims_.push_back(&claim);
  changed_.NotifyOne();
  while (!claim.result) claimed_.Wait(mutex_);
  *owned = std::move(claim.owned);
  *error = std::move(claim.error);
  return *claim.result;
}

Health Committer::health() const {
  MutexLock lock(mutex_);
  return health_;
}

Activity Committer::activity() const {
  MutexLock lock(mutex_);
  return activity_;
}

void Committer::Count(std::uint64_t Activity::*event) {
  MutexLock lock(mutex_);
  ++(activity_.*event);
}

void Committer::SetHealth(Health health) {
  MutexLock lock(mutex_);
  health_ = std::move(health);
}

void Committer::Run() {
  for (;;) {
    CommitGroup group;
    if (!Take(&group)) return;
    if (failure_.result == Result::kOk) {
      Commit(&group);
    } else {
      Refuse(&group);
    }
  }
}

bool Committer::Take(CommitGroup* group) {
  MutexLock lock(mutex_);
  const auto is_idle = [this]() SLUICE_REQUIRES(mutex_) { return appends_.empty() && claims_.empty(); };
  if (health_.result == Result::kOk) {
    while (is_idle() && trims_.empty() && !is_stopping_) {
      if (!sync_trims_at_) {
        changed_.Wait(mutex_);
        continue;
      }
      const auto left = *sync_trims_at_ - std::chrono::steady_clock::now();
      if (left <= left.zero()) break;
      changed_.WaitFor(mutex_, left);
    }
  } else if (is_idle() && !is_stopping_) {
    changed_.WaitFor(mutex_, options_.retry_interval);  // to see whether it is over, also if nobody asks
  }
  group->wants_sync = sync_trims_at_ && std::chrono::steady_clock::now() >= *sync_trims_at_;
  if (is_stopping_ && is_idle() && (trims_.empty() || health_.result != Result::kOk)) return false;
  std::uint64_t bytes = 0;
  while (!appends_.empty() && bytes < kMaxGroupBytes) {
    PendingAppend& next = appends_.front();
    bytes += next.batch->records.size() + next.batch->contents.size();
    group->appends.push_back(std::move(next));
    appends_.pop_front();
  }
  group->trims.swap(trims_);
  group->claims.swap(claims_);
  return true;
}

void Committer::Commit(CommitGroup* group) {
  std::shared_ptr<Store> store = slot_->Get();
  const bool had_room = disk_.HasRoom(false);
  disk_.Look(group->bytes());
  if (disk_.HasRoom(false) != had_room) {
    SetHealth(had_room ? Health{Result::kFull, disk_.text()} : Health{});
  }
  group->Plan(store.get(), *table_, disk_);
  rocksdb::Status status;
  if (group->has_changes) status = store->Write(&group->batch);
  if (status.ok()) {
    table_->Update(group->spaces);
    KeepTrims(group->trims_left);
    if (!group->trims.empty() && !sync_trims_at_) {
      sync_trims_at_ = std::chrono::steady_clock::now() + options_.reclaim_interval;
    }
    if (!disk_.HasRoom(false)) reclaimer_->Wake();
    Answer(group, true);
    if (group->wants_sync) status = store->Sync();
  }
  if (!status.ok()) {
    store.reset();  // it will be closed
    return Fail(group, status);
  }
  if (group->wants_sync) {
    Count(&Activity::syncs);
    for (auto& [name, space] : group->spaces) space.acknowledged = space.stored.last;
    table_->Update(group->spaces);
    if (std::exchange(sync_trims_at_, std::nullopt)) {
      table_->NoteSynced();
      reclaimer_->Wake();
    }
  }
  AnswerClaims(group, {});
  Answer(group, false);
}

void Committer::Fail(CommitGroup* group, const rocksdb::Status& status) {
  Count(&Activity::failures);
  const bool is_full = status.IsNoSpace();
  if (is_full) disk_.Full();
  failure_ = {is_full ? Result::kFull : Result::kUnavailable,
              "the journal in " + directory_->path() + " failed: " + status.ToString()};
  KeepTrims(group->trims);
  const std::string text = failure_.text;
  const Result refusal = failure_.result;
  if (Reopen()) {
    group->Settle(*slot_->Get(), *table_, refusal);
  } else {
    for (PendingAppend& pending : group->appends) {
      if (pending.done == nullptr || pending.result != Result::kOk) continue;
      std::uint64_t& position = doubtful_[pending.batch->space];
      position = std::max(position, pending.batch->position);
      pending.result = Result::kUnknown;
    }
    for (Claim* claim : group->claims) claim->outcome = failure_.result;
  }
  AnswerClaims(group, text);
  Answer(group, false);
}

void Committer::Refuse(CommitGroup* group) {
  const bool is_due = std::chrono::steady_clock::now() - reopened_ >= options_.retry_interval;
  if (is_due && failure_.result != Result::kCorrupt && Reopen()) return Commit(group);
  for (PendingAppend& pending : group->appends) {
    const auto doubtful = doubtful_.find(pending.batch->space);
    const bool is_doubtful = doubtful != doubtful_.end() && pending.batch->position <= doubtful->second;
    pending.result = is_doubtful && failure_.result != Result::kCorrupt ? Result::kUnknown : failure_.result;
  }
  KeepTrims(group->trims);
  for (Claim* claim : group->claims) claim->outcome = failure_.result;
  AnswerClaims(group, failure_.text);
  Answer(group, false);
}

bool Committer::Reopen() {
  slot_->Close();
  std::vector<StoredSpace> spaces;
  Health failure;
  std::unique_ptr<Store> store = Store::Open(directory_, options_, Access::kWrite, &spaces, &failure);
  reopened_ = std::chrono::steady_clock::now();
  if (store == nullptr) {
    Count(&Activity::failures);
    failure_ = failure;
    if (failure_.result != Result::kCorrupt) failure_.text += "; it is tried again until that works";
    SetHealth(failure_);
    return false;
  }
  failure_ = {};
  doubtful_.clear();
  table_->Replace(std::move(spaces));
  sync_trims_at_.reset();
  slot_->Set(std::move(store));
  reclaimer_->Wake();
  SetHealth(disk_.HasRoom(false) ? Health{} : Health{Result::kFull, disk_.text()});
  return true;
}

void Committer::Answer(CommitGroup* group, bool only_unsynced) {
  const auto is_due = [only_unsynced](const PendingAppend& pending) {
    if (pending.done == nullptr) return false;
    return !only_unsynced || pending.result != Result::kOk || pending.batch->durability != Durability::kFsync;
  };
  Activity answered;
  for (const PendingAppend& pending : group->appends) {
    if (is_due(pending)) answered.Add(*pending.batch, pending.result);
  }
  if (answered.batches + answered.refused == 0) return;
  {
    MutexLock lock(mutex_);
    activity_.batches += answered.batches;
    activity_.bytes += answered.bytes;
    activity_.refused += answered.refused;
  }
  for (PendingAppend& pending : group->appends) {
    if (is_due(pending)) std::exchange(pending.done, nullptr)(pending.result);
  }
}

void Committer::AnswerClaims(CommitGroup* group, const std::string& error) {
  if (group->claims.empty()) return;
  MutexLock lock(mutex_);
  for (Claim* claim : group->claims) {
    claim->result = claim->outcome;
    if (claim->outcome != Result::kOk) {
      claim->error = "cannot take over namespace \"" + claim->space + "\": " + error;
    }
  }
  claimed_.NotifyAll();
}

void Committer::KeepTrims(const std::map<std::string, std::uint64_t>& trims) {
  MutexLock lock(mutex_);
  for (const auto& [space, position] : trims) {
    std::uint64_t& wanted = trims_[space];
    wanted = std::max(wanted, position);
  }
}

}  // namespace sluice::journal
