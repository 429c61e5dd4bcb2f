#include "server/journal/store.h"

#include <rocksdb/utilities/checkpoint.h>

#include <algorithm>
#include <utility>

#include "server/journal/wal_check.h"
#include "server/journal/wal_reader.h"

namespace sluice::journal {
namespace {

constexpr std::size_t kReadAheadBytes = std::size_t{2} << 20;

// The first key that is not of `id`'s `part` any more.
std::string EndOf(std::uint32_t id, Part part) {
  return BatchKey(id, static_cast<Part>(static_cast<char>(part) + 1), 0);
}

}  // namespace

std::unique_ptr<Store> Store::Open(const DataDirectory* directory, const RocksDbOptions& options, Access access,
                                   std::vector<StoredSpace>* spaces, Health* failure) {
  WalCheck::Tables tables;
  WalCheck logs(directory->env(), directory->path());
  if (!ReadTables(*directory, options, &tables, failure) || !logs.Run(tables, failure)) return nullptr;
  if (access == Access::kWrite && !logs.Cut(failure)) return nullptr;
  std::unique_ptr<Store> store(new Store(directory, access));
  store->db_ = OpenDatabase(*directory, options, access, failure);
  if (store->db_ == nullptr || !store->Start(failure)) return nullptr;
  failure->result = store->ReadSpaces(spaces, &failure->text);
  if (failure->result != Result::kOk) return nullptr;
  return store;
}

Store::~Store() {
  if (db_ == nullptr || access_ == Access::kRead) return;
  // After a failure it does nothing. Else it says that what stands before it was synced, if it was: the next check of
  // the logs will know the last batch for an acknowledged one.
  rocksdb::WriteBatch mark = NewBatch();
  Write(&mark).PermitUncheckedError();
  db_->Close().PermitUncheckedError();
}

bool Store::Start(Health* failure) {
  synced_ = db_->GetLatestSequenceNumber();  // opening to write has written all of it to tables
  std::string version;
  rocksdb::Status status = db_->Get({}, SliceOf(kVersionKey), &version);
  rocksdb::WriteBatch first = NewBatch();
  if (status.IsNotFound() && synced_ == 0 && access_ == Access::kWrite) {
    version = std::to_string(kDirectoryVersion);
    status = first.Put(SliceOf(kVersionKey), version);
  }
  if ((status.ok() || status.IsNotFound()) && !CheckVersion(version, failure)) return false;
  if (status.ok() && access_ == Access::kWrite) status = Write(&first);
  if (status.ok() && access_ == Access::kWrite) status = Sync();
  if (status.ok()) return true;
  *failure = {ResultOf(status), "cannot use data directory " + directory_->path() + ": " + status.ToString()};
  return false;
}

bool Store::CheckVersion(const std::string& version, Health* failure) const {
  if (version == std::to_string(kDirectoryVersion)) return true;
  *failure = {Result::kUnavailable, "data directory " + directory_->path()};
  failure->text += version.empty()
                       ? " is another program's: name an empty or a new directory"
                       : " has format " + version + ", and this sluiced reads " + std::to_string(kDirectoryVersion) +
                             ": run the version that wrote it, or a newer one";
  return false;
}

rocksdb::WriteBatch Store::NewBatch() {
  rocksdb::WriteBatch batch;
  batch.PutLogData(WalMark(synced_)).PermitUncheckedError();
  return batch;
}

rocksdb::Status Store::Write(rocksdb::WriteBatch* batch) {
  if (failure_.ok()) failure_ = db_->Write({}, batch);
  return failure_;
}

rocksdb::Status Store::Sync() {
  const std::uint64_t written = db_->GetLatestSequenceNumber();
  if (failure_.ok()) failure_ = db_->SyncWAL();
  if (failure_.ok()) synced_ = written;
  return failure_;
}

Result Store::ReadSpaces(std::vector<StoredSpace>* spaces, std::string* error) const {
  const std::unique_ptr<rocksdb::Iterator> entry(db_->NewIterator({}));
  for (entry->Seek(SliceOf(kSpacePrefix)); entry->Valid() && entry->key().starts_with(SliceOf(kSpacePrefix));
       entry->Next()) {
    StoredSpace space;
    space.id = IdOfSpaceKey(ViewOf(entry->key()));
    if (!DecodeSpace(ViewOf(entry->key()), ViewOf(entry->value()), &space)) {
      *error = "the entry of namespace number " + std::to_string(space.id) + " is damaged";
      return Result::kCorrupt;
    }
    if (const Result result = ReadLast(&space, error); result != Result::kOk) return result;
    spaces->push_back(std::move(space));
  }
  if (!entry->status().ok()) *error = entry->status().ToString();
  return ResultOf(entry->status());
}

Result Store::ReadLast(StoredSpace* space, std::string* error) const {
  // What was trimmed may be there still, or again: see Garbage::DropFiles.
  const std::string first = BatchKey(space->id, Part::kRecords, space->trimmed + 1);
  const rocksdb::Slice bound(first);
  rocksdb::ReadOptions options;
  options.iterate_lower_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> entry(db_->NewIterator(options));
  space->last = space->trimmed;
  entry->SeekForPrev(EndOf(space->id, Part::kRecords));
  if (!entry->status().ok()) {
    *error = entry->status().ToString();
    return ResultOf(entry->status());
  }
  if (!entry->Valid()) return Result::kOk;
  std::string_view records;
  const std::uint64_t position = PositionOfBatchKey(ViewOf(entry->key()));
  if (!DecodeBatch(ViewOf(entry->key()), ViewOf(entry->value()), &space->newest, &records)) {
    *error = PlaceOf(space->name, position) + ": the records are damaged";
    return Result::kCorrupt;
  }
  space->last = position;
  return Result::kOk;
}

Result Store::Scan(std::uint32_t id, std::string_view name, std::uint64_t from,
                   const std::function<void(const ReadBatch&)>& visit, std::string* error) const {
  rocksdb::ManagedSnapshot now(db_.get());
  rocksdb::ReadOptions options;
  options.snapshot = now.snapshot();
  std::string bytes;
  StoredSpace space;
  const std::string space_key = SpaceKey(id);
  const rocksdb::Status found = db_->Get(options, space_key, &bytes);
  if (!found.ok() || !DecodeSpace(space_key, bytes, &space)) {
    *error = "namespace \"" + std::string(name) + "\": its entry is damaged: " + found.ToString();
    return Result::kCorrupt;
  }
  const std::string end = EndOf(id, Part::kRecords);
  const rocksdb::Slice bound(end);
  options.fill_cache = false;
  options.readahead_size = kReadAheadBytes;
  options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> entry(db_->NewIterator(options));
  std::uint64_t position = std::max(from, space.trimmed + 1);
  for (entry->Seek(BatchKey(id, Part::kRecords, position)); entry->Valid(); entry->Next(), ++position) {
    const std::uint64_t found_position = PositionOfBatchKey(ViewOf(entry->key()));
    if (found_position != position) {
      *error = PlaceOf(name, position) + " is missing; the next that is there is " + std::to_string(found_position);
      return Result::kLost;
    }
    BatchHeader header;
    ReadBatch read{position, {}};
    if (!DecodeBatch(ViewOf(entry->key()), ViewOf(entry->value()), &header, &read.records)) {
      *error = PlaceOf(name, position) + ": the records are damaged";
      return Result::kCorrupt;
    }
    visit(read);
  }
  if (!entry->status().ok()) *error = PlaceOf(name, position) + ": " + entry->status().ToString();
  return ResultOf(entry->status());
}

Result Store::ReadContents(std::uint32_t id, std::uint64_t position, std::string* contents, std::string* error) const {
  contents->clear();
  rocksdb::ReadOptions options;
  options.fill_cache = false;  // read once, as a rule
  const std::string key = BatchKey(id, Part::kContents, position);
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = db_->Get(options, db_->DefaultColumnFamily(), key, &value);
  if (status.IsNotFound()) {
    BatchHeader header;
    const Result result = ReadHeader(id, position, &header);
    return result == Result::kOk && header.contents_bytes > 0 ? Result::kLost : result;
  }
  if (!status.ok()) {
    if (error != nullptr) *error = "position " + std::to_string(position) + ": " + status.ToString();
    return ResultOf(status);
  }
  BatchHeader header;
  std::string_view bytes;
  if (!DecodeBatch(key, ViewOf(value), &header, &bytes)) return Result::kCorrupt;
  contents->assign(bytes);
  return Result::kOk;
}

Result Store::ReadHeader(std::uint32_t id, std::uint64_t position, BatchHeader* header) const {
  const std::string key = BatchKey(id, Part::kRecords, position);
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = db_->Get({}, db_->DefaultColumnFamily(), key, &value);
  if (!status.ok()) return ResultOf(status);
  std::string_view records;
  return DecodeBatch(key, ViewOf(value), header, &records) ? Result::kOk : Result::kCorrupt;
}

Result Store::Snapshot(const std::string& directory, std::string* error) {
  rocksdb::Checkpoint* made = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(db_.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (status.ok()) status = checkpoint->CreateCheckpoint(directory);  // refuses a directory that is there
  if (!status.ok()) *error = "cannot write a snapshot to " + directory + ": " + status.ToString();
  return ResultOf(status);
}

}  // namespace sluice::journal
