#include "server/journal/memory_journal.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

namespace sluice::journal {

// Not of one source alone, as a compiler that is given several at once sees it.
namespace memory {

struct Stored {
  std::uint64_t batch_id = 0;
  std::string records;
  std::string contents;
  bool is_corrupt = false;
};

struct Space {
  std::uint64_t epoch = 0;
  std::uint64_t trimmed = 0;
  std::uint64_t last = 0;
  std::map<std::uint64_t, std::shared_ptr<const Stored>> batches{};
};

struct Owned {
  std::string space;
};
struct Appended {
  std::string space;
  std::shared_ptr<const Stored> stored;
};
struct Trimmed {
  std::string space;
  std::uint64_t position;
};

}  // namespace memory

namespace {

using memory::Appended;
using memory::Owned;
using memory::Space;
using memory::Stored;
using memory::Trimmed;

std::string PlaceOf(std::string_view space, std::uint64_t position) {
  return "namespace \"" + std::string(space) + "\", position " + std::to_string(position);
}

std::optional<Result> TakeFirst(std::deque<Result>* results) {
  if (results->empty()) return std::nullopt;
  const Result first = results->front();
  results->pop_front();
  return first;
}

Extent ExtentOf(const std::string& name, const Space& space) {
  Extent extent{name, space.epoch, space.trimmed + 1, space.last, 0};
  for (const auto& [position, stored] : space.batches) extent.bytes += stored->records.size() + stored->contents.size();
  return extent;
}

}  // namespace

struct MemoryJournal::Change {
  std::variant<memory::Owned, memory::Appended, memory::Trimmed> what;
};

struct MemoryJournal::State {
  std::map<std::string, memory::Space, std::less<>> spaces;

  Space* Find(std::string_view name) {
    const auto found = spaces.find(name);
    return found == spaces.end() ? nullptr : &found->second;
  }
  void Apply(const Change& change) {
    if (const auto* owned = std::get_if<Owned>(&change.what)) {
      ++spaces[owned->space].epoch;
    } else if (const auto* appended = std::get_if<Appended>(&change.what)) {
      Space& space = spaces[appended->space];
      space.batches[++space.last] = appended->stored;
    } else if (const auto* trimmed = std::get_if<Trimmed>(&change.what)) {
      Space& space = spaces[trimmed->space];
      space.trimmed = trimmed->position;
      space.batches.erase(space.batches.begin(), space.batches.upper_bound(trimmed->position));
    }
  }
};

struct MemoryJournal::Held {
  std::shared_ptr<const Batch> batch;
  Done done;
};

struct MemoryDisk {
  Mutex mutex;
  std::map<std::string, MemoryJournal::State> directories SLUICE_GUARDED_BY(mutex);
};

std::shared_ptr<MemoryDisk> NewMemoryDisk() { return std::make_shared<MemoryDisk>(); }

MemoryJournal::MemoryJournal() : MemoryJournal(NewMemoryDisk()) {}
MemoryJournal::MemoryJournal(std::shared_ptr<MemoryDisk> disk)
    : disk_(std::move(disk)), state_(std::make_unique<State>()), synced_(std::make_unique<State>()) {}
MemoryJournal::~MemoryJournal() = default;

std::unique_ptr<MemoryJournal> MemoryJournal::Open(std::shared_ptr<MemoryDisk> disk, const std::string& directory) {
  auto journal = std::make_unique<MemoryJournal>(disk);
  MutexLock disk_lock(disk->mutex);
  const auto found = disk->directories.find(directory);
  if (found == disk->directories.end()) return nullptr;
  MutexLock lock(journal->mutex_);
  *journal->state_ = found->second;
  *journal->synced_ = found->second;
  return journal;
}

Result MemoryJournal::List(std::vector<Extent>* extents, std::string*) {
  MutexLock lock(mutex_);
  for (const auto& [name, space] : state_->spaces) extents->push_back(ExtentOf(name, space));
  return Result::kOk;
}

Result MemoryJournal::Own(std::string_view space, Extent* extent, std::string* error) {
  MutexLock lock(mutex_);
  if (const std::optional<Result> failing = TakeFirst(&failing_owns_)) {
    *error = "cannot take over namespace \"" + std::string(space) + "\"";
    return *failing;
  }
  Apply({Owned{std::string(space)}});
  Sync();
  *extent = ExtentOf(std::string(space), *state_->Find(space));
  return Result::kOk;
}

Result MemoryJournal::Scan(std::string_view space, std::uint64_t from,
                           const std::function<void(const ReadBatch&)>& visit, std::string* error) {
  std::map<std::uint64_t, std::shared_ptr<const Stored>> batches;
  {
    MutexLock lock(mutex_);
    if (const Space* found = state_->Find(space)) batches = found->batches;
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
  }
  held.done(result);
}

Result MemoryJournal::Write(const Batch& batch) {
  const Space* space = state_->Find(batch.space);
  if (space == nullptr || space->epoch != batch.epoch) return Result::kFenced;
  if (batch.position > space->last + 1) return Result::kUnavailable;
  if (batch.position <= space->last) {
    const auto found = space->batches.find(batch.position);
    if (found == space->batches.end() || found->second->batch_id != batch.batch_id) return Result::kFenced;
  } else {
    if (is_full_ && !batch.reserve) return Result::kFull;
    Apply({Appended{batch.space,
                    std::make_shared<const Stored>(Stored{batch.batch_id, batch.records, batch.contents, false})}});
  }
  if (batch.durability == Durability::kFsync) Sync();
  return Result::kOk;
}

void MemoryJournal::Apply(Change change) {
  state_->Apply(change);
  unsynced_.push_back(std::move(change));
}

void MemoryJournal::Sync() {
  for (const Change& change : unsynced_) synced_->Apply(change);
  unsynced_.clear();
}

Result MemoryJournal::ReadContents(std::string_view space, std::uint64_t position, std::string* contents) {
  MutexLock lock(mutex_);
  contents->clear();
  if (const std::optional<Result> failing = TakeFirst(&failing_reads_)) return *failing;
  const Space* found = state_->Find(space);
  if (found == nullptr) return Result::kLost;
  const auto batch = found->batches.find(position);
  if (batch == found->batches.end()) return Result::kLost;
  if (batch->second->is_corrupt) return Result::kCorrupt;
  *contents = batch->second->contents;
  return Result::kOk;
}

void MemoryJournal::Trim(std::string_view space, std::uint64_t position) {
  MutexLock lock(mutex_);
  const Space* found = state_->Find(space);
  if (found == nullptr || std::min(position, found->last) <= found->trimmed) return;
  Apply({Trimmed{std::string(space), std::min(position, found->last)}});
}

Result MemoryJournal::Snapshot(const std::string& directory, std::string* error) {
  MutexLock disk_lock(disk_->mutex);
  MutexLock lock(mutex_);
  Sync();
  if (disk_->directories.emplace(directory, *state_).second) return Result::kOk;
  *error = "cannot write a snapshot to " + directory + ": it is there already";
  return Result::kUnavailable;
}

Health MemoryJournal::health() const {
  MutexLock lock(mutex_);
  if (is_full_) return {Result::kFull, "the disk is full: make space"};
  return {};
}

std::uint64_t MemoryJournal::bytes() const {
  MutexLock lock(mutex_);
  std::uint64_t sum = 0;
  for (const auto& [name, space] : state_->spaces) sum += ExtentOf(name, space).bytes;
  return sum;
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

std::unique_ptr<MemoryJournal> MemoryJournal::Crash(std::size_t kept) {
  auto after = std::make_unique<MemoryJournal>(disk_);
  MutexLock lock(mutex_);
  MutexLock after_lock(after->mutex_);
  for (std::size_t i = 0; i < std::min(kept, unsynced_.size()); ++i) synced_->Apply(unsynced_[i]);
  *after->state_ = *synced_;
  *after->synced_ = *synced_;
  return after;
}

void MemoryJournal::Corrupt(std::string_view space, std::uint64_t position) {
  MutexLock lock(mutex_);
  for (State* state : {state_.get(), synced_.get()}) {
    Space* found = state->Find(space);
    if (found == nullptr || found->batches.count(position) == 0) continue;
    Stored damaged = *found->batches[position];
    damaged.is_corrupt = true;
    found->batches[position] = std::make_shared<const Stored>(std::move(damaged));
  }
}

}  // namespace sluice::journal
