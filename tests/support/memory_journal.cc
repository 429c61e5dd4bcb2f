#include "tests/support/memory_journal.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sluice::journal {

namespace {

std::optional<Result> TakeFirst(std::deque<Result>* results) {
  if (results->empty()) return std::nullopt;
  const Result first = results->front();
  results->pop_front();
  return first;
}

}  // namespace

Extent MemoryJournal::ExtentOf(const std::string& name, const Space& space) {
  return {name, space.epoch, space.trimmed + 1, space.last};
}

const MemoryJournal::Space* MemoryJournal::Find(std::string_view name) const {
  const auto found = spaces_.find(name);
  return found == spaces_.end() ? nullptr : &found->second;
}

Result MemoryJournal::List(std::vector<Extent>* extents, std::string*) {
  MutexLock lock(mutex_);
  for (const auto& [name, space] : spaces_) extents->push_back(ExtentOf(name, space));
  return Result::kOk;
}

Result MemoryJournal::Own(std::string_view space, Extent* extent, std::string* error) {
  const std::string name(space);
  MutexLock lock(mutex_);
  if (const std::optional<Result> failing = TakeFirst(&failing_owns_)) {
    *error = "cannot take over namespace \"" + name + "\"";
    return *failing;
  }
  Apply([name](Spaces* spaces) { ++(*spaces)[name].epoch; });
  Sync();
  *extent = ExtentOf(name, *Find(name));
  return Result::kOk;
}

Result MemoryJournal::Scan(std::string_view space, std::uint64_t from,
                           const std::function<void(const ReadBatch&)>& visit, std::string* error) {
  std::map<std::uint64_t, std::shared_ptr<const Stored>> batches;
  {
    MutexLock lock(mutex_);
    if (const Space* found = Find(space)) batches = found->batches;
  }
  for (auto batch = batches.lower_bound(from); batch != batches.end(); ++batch) {
    if (batch->second->is_corrupt) {
      *error = PlaceOf(space, batch->first) + ": the records are damaged";
      return Result::kCorrupt;
    }
    visit({batch->first, batch->second->records});
  }
  return Result::kOk;
}

void MemoryJournal::Append(std::shared_ptr<const Batch> batch, Done done) {
  Held held{std::move(batch), std::move(done)};
  {
    MutexLock lock(mutex_);
    if (is_held_) {
      held_.push_back(std::move(held));
      return;
    }
  }
  CarryOut(std::move(held));
}

void MemoryJournal::CarryOut(Held held) {
  Result result = Result::kOk;
  {
    MutexLock lock(mutex_);
    const auto scripted = script_.find(carried_out_++);
    if (scripted != script_.end()) {
      result = scripted->second.result;
      if (scripted->second.is_written) Write(*held.batch);
      script_.erase(scripted);
    } else {
      result = Write(*held.batch);
    }
    activity_.Add(*held.batch, result);
  }
  held.done(result);
}

Result MemoryJournal::Write(const Batch& batch) {
  const Space* space = Find(batch.space);
  if (space == nullptr || space->epoch != batch.epoch) return Result::kFenced;
  if (batch.position > space->last + 1) return Result::kUnavailable;
  if (batch.position <= space->last) {
    const auto found = space->batches.find(batch.position);
    if (found == space->batches.end()) return Result::kFenced;  // it was trimmed
    const Stored& stored = *found->second;
    if (stored.epoch != batch.epoch || stored.batch_id != batch.batch_id) return Result::kFenced;
  } else {
    if (is_full_ && !batch.reserve) return Result::kFull;
    const auto stored =
        std::make_shared<const Stored>(Stored{batch.epoch, batch.batch_id, batch.records, batch.contents, false});
    Apply([name = batch.space, stored](Spaces* spaces) {
      Space& to = (*spaces)[name];
      to.batches[++to.last] = stored;
    });
  }
  if (batch.durability == Durability::kFsync) Sync();
  return Result::kOk;
}

void MemoryJournal::Apply(Change change) {
  change(&spaces_);
  unsynced_.push_back(std::move(change));
}

void MemoryJournal::Sync() {
  for (const Change& change : unsynced_) change(&synced_);
  unsynced_.clear();
}

Result MemoryJournal::ReadContents(std::string_view space, std::uint64_t position, std::string* contents) {
  MutexLock lock(mutex_);
  contents->clear();
  if (const std::optional<Result> failing = TakeFirst(&failing_reads_)) return *failing;
  const Space* found = Find(space);
  if (found == nullptr) return Result::kLost;
  const auto batch = found->batches.find(position);
  if (batch == found->batches.end()) return Result::kLost;
  if (batch->second->is_corrupt) return Result::kCorrupt;
  *contents = batch->second->contents;
  return Result::kOk;
}

void MemoryJournal::Trim(std::string_view space, std::uint64_t position) {
  MutexLock lock(mutex_);
  const Space* found = Find(space);
  if (found == nullptr) return;
  const std::uint64_t trimmed = std::min(position, found->last);
  if (trimmed <= found->trimmed) return;
  Apply([name = std::string(space), trimmed](Spaces* spaces) {
    Space& from = (*spaces)[name];
    from.trimmed = trimmed;
    from.batches.erase(from.batches.begin(), from.batches.upper_bound(trimmed));
  });
}

Result MemoryJournal::Snapshot(const std::string& directory, std::string* error) {
  MutexLock lock(mutex_);
  Sync();
  if (snapshots_.emplace(directory, spaces_).second) return Result::kOk;
  *error = "cannot write a snapshot to " + directory + ": it is there already";
  return Result::kUnavailable;
}

Activity MemoryJournal::activity() const {
  MutexLock lock(mutex_);
  return activity_;
}

Health MemoryJournal::health() const {
  MutexLock lock(mutex_);
  if (is_full_) return {Result::kFull, "the disk is full: make space"};
  return {};
}

void MemoryJournal::Script(std::size_t nth, Fault fault) {
  MutexLock lock(mutex_);
  script_[carried_out_ + nth] = fault;
}

void MemoryJournal::FailOwns(std::size_t count, Result result) {
  MutexLock lock(mutex_);
  failing_owns_.assign(count, result);
}

void MemoryJournal::FailReads(std::size_t count, Result result) {
  MutexLock lock(mutex_);
  failing_reads_.assign(count, result);
}

void MemoryJournal::Hold(bool is_held) {
  {
    MutexLock lock(mutex_);
    is_held_ = is_held;
  }
  if (!is_held) CommitAll();
}

std::size_t MemoryJournal::held() const {
  MutexLock lock(mutex_);
  return held_.size();
}

bool MemoryJournal::Commit() {
  Held held;
  {
    MutexLock lock(mutex_);
    if (held_.empty()) return false;
    held = std::move(held_.front());
    held_.pop_front();
  }
  CarryOut(std::move(held));
  return true;
}

void MemoryJournal::CommitAll() {
  while (Commit()) continue;
}

void MemoryJournal::SetFull(bool is_full) {
  MutexLock lock(mutex_);
  is_full_ = is_full;
}

std::size_t MemoryJournal::unsynced() const {
  MutexLock lock(mutex_);
  return unsynced_.size();
}

std::uint64_t MemoryJournal::bytes() const {
  MutexLock lock(mutex_);
  std::uint64_t sum = 0;
  for (const auto& [name, space] : spaces_) {
    for (const auto& [position, stored] : space.batches) sum += stored->records.size() + stored->contents.size();
  }
  return sum;
}

std::unique_ptr<MemoryJournal> MemoryJournal::Crash(std::size_t kept) const {
  MutexLock lock(mutex_);
  Spaces left = synced_;
  for (std::size_t i = 0; i < std::min(kept, unsynced_.size()); ++i) unsynced_[i](&left);
  return std::unique_ptr<MemoryJournal>(new MemoryJournal(std::move(left)));
}

std::unique_ptr<MemoryJournal> MemoryJournal::OpenSnapshot(const std::string& directory) const {
  MutexLock lock(mutex_);
  const auto found = snapshots_.find(directory);
  if (found == snapshots_.end()) return nullptr;
  return std::unique_ptr<MemoryJournal>(new MemoryJournal(found->second));
}

void MemoryJournal::Corrupt(std::string_view space, std::uint64_t position) {
  MutexLock lock(mutex_);
  for (Spaces* spaces : {&spaces_, &synced_}) {
    const auto found = spaces->find(space);
    if (found == spaces->end() || found->second.batches.count(position) == 0) continue;
    std::shared_ptr<const Stored>& batch = found->second.batches[position];
    Stored damaged = *batch;
    damaged.is_corrupt = true;
    batch = std::make_shared<const Stored>(std::move(damaged));
  }
}

}  // namespace sluice::journal
