#include "server/journal/store.h"

#include <errno.h>
#include <rocksdb/file_system.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace sluice::journal {
namespace {

constexpr char kLockName[] = "sluice.lock";
constexpr std::size_t kLogFileBytes = std::size_t{1} << 20;  // of RocksDB's own LOG; this many:
constexpr std::size_t kLogFiles = 4;
constexpr std::size_t kReadAheadBytes = std::size_t{2} << 20;
constexpr std::size_t kBlockCacheBytes = std::size_t{16} << 20;

rocksdb::Slice SliceOf(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// The first key that is not of `id`'s `part` any more.
std::string EndOf(std::uint32_t id, Part part) {
  return BatchKey(id, static_cast<Part>(static_cast<char>(part) + 1), 0);
}

rocksdb::Options OptionsOf(const RocksDbOptions& options, rocksdb::Env* env) {
  rocksdb::Options result;
  result.env = env;
  result.create_if_missing = true;
  result.paranoid_checks = true;
  result.write_buffer_size = options.memtable_bytes;
  result.max_open_files = options.max_open_files;
  result.max_background_jobs = 2;
  result.compression = rocksdb::kNoCompression;
  // One committer writes: nothing is gained from threads that write memtables together.
  result.allow_concurrent_memtable_write = false;
  result.enable_write_thread_adaptive_yield = false;
  result.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  result.bytes_per_sync = std::uint64_t{1} << 20;
  result.keep_log_file_num = kLogFiles;
  result.max_log_file_size = kLogFileBytes;
  result.stats_dump_period_sec = 0;
  result.stats_persist_period_sec = 0;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return result;
}

// Only who runs the server has business with the queues' payloads.
bool MakeDirectory(const std::string& directory, Health* failure) {
  struct stat found {};
  if (::mkdir(directory.c_str(), 0700) == 0) return true;
  const int error = errno;
  if (::stat(directory.c_str(), &found) == 0) {
    if (S_ISDIR(found.st_mode)) return true;
    *failure = {Result::kUnavailable, "data directory " + directory + " is not a directory: name another one"};
    return false;
  }
  *failure = {Result::kUnavailable, "cannot create data directory " + directory + ": " + std::strerror(error)};
  return false;
}

}  // namespace

Result ResultOf(const rocksdb::Status& status) {
  if (status.ok()) return Result::kOk;
  if (status.IsNoSpace()) return Result::kFull;
  if (status.IsCorruption()) return Result::kCorrupt;
  if (status.IsNotFound()) return Result::kLost;
  return Result::kUnavailable;
}

std::unique_ptr<Store> Store::Open(const std::string& directory, const RocksDbOptions& options, Health* failure) {
  if (!MakeDirectory(directory, failure)) return nullptr;
  std::unique_ptr<Store> store(new Store);
  store->directory_ = directory;
  store->env_ = rocksdb::NewCompositeEnv(options.file_system ? options.file_system : rocksdb::FileSystem::Default());
  if (!store->TakeLock(failure) || !store->OpenDatabase(options, failure) || !store->CheckVersion(failure)) {
    return nullptr;
  }
  return store;
}

Store::~Store() {
  db_.reset();
  if (lock_ != nullptr) env_->UnlockFile(lock_).PermitUncheckedError();
}

// RocksDB has a lock too, but takes it after it has begun to read.
bool Store::TakeLock(Health* failure) {
  const rocksdb::Status status = env_->LockFile(directory_ + "/" + kLockName, &lock_);
  if (status.ok()) return true;
  lock_ = nullptr;
  const bool is_held =
      status.ToString().find("lock") != std::string::npos && status.ToString().find("While open") == std::string::npos;
  failure->result = Result::kUnavailable;
  failure->text = is_held ? "data directory " + directory_ + " is in use by another sluiced: stop it, or name another"
                          : "cannot write in data directory " + directory_ + ": " + status.ToString();
  return false;
}

bool Store::OpenDatabase(const RocksDbOptions& options, Health* failure) {
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(OptionsOf(options, env_.get()), directory_, &db);
  db_.reset(db);
  if (status.ok()) return true;
  *failure = {ResultOf(status), "cannot open data directory " + directory_ + ": " + status.ToString()};
  return false;
}

bool Store::CheckVersion(Health* failure) {
  std::string value;
  rocksdb::Status status = db_->Get({}, SliceOf(kVersionKey), &value);
  if (status.IsNotFound()) {
    rocksdb::WriteOptions options;
    options.sync = true;
    status = db_->Put(options, SliceOf(kVersionKey), std::to_string(kDirectoryVersion));
    value = std::to_string(kDirectoryVersion);
  }
  if (!status.ok()) {
    *failure = {ResultOf(status), "cannot use data directory " + directory_ + ": " + status.ToString()};
    return false;
  }
  if (value == std::to_string(kDirectoryVersion)) return true;
  *failure = {Result::kUnavailable, "data directory " + directory_ + " has format " + value + ", this version reads " +
                                        std::to_string(kDirectoryVersion) +
                                        ": run the sluiced that wrote it, or a newer one"};
  return false;
}

rocksdb::Status Store::Write(rocksdb::WriteBatch* batch) { return db_->Write({}, batch); }
rocksdb::Status Store::Sync() { return db_->SyncWAL(); }

Result Store::ReadSpaces(std::vector<StoredSpace>* spaces, std::string* error) const {
  const std::unique_ptr<rocksdb::Iterator> entry(db_->NewIterator({}));
  for (entry->Seek(SliceOf(kSpacePrefix)); entry->Valid() && entry->key().starts_with(SliceOf(kSpacePrefix));
       entry->Next()) {
    SpaceValue value;
    const std::uint32_t id = IdOfSpaceKey(ViewOf(entry->key()));
    if (!DecodeSpace(ViewOf(entry->key()), ViewOf(entry->value()), &value)) {
      *error = "the entry of namespace number " + std::to_string(id) + " is damaged";
      return Result::kCorrupt;
    }
    StoredSpace space;
    space.id = id;
    space.epoch = value.epoch;
    space.trimmed = value.trimmed;
    space.name = std::move(value.name);
    if (const Result result = ReadLast(&space, error); result != Result::kOk) return result;
    spaces->push_back(std::move(space));
  }
  if (!entry->status().ok()) *error = entry->status().ToString();
  return ResultOf(entry->status());
}

Result Store::ReadLast(StoredSpace* space, std::string* error) const {
  const std::unique_ptr<rocksdb::Iterator> entry(db_->NewIterator({}));
  space->last = space->trimmed;
  entry->SeekForPrev(EndOf(space->id, Part::kRecords));
  if (!entry->status().ok()) {
    *error = entry->status().ToString();
    return ResultOf(entry->status());
  }
  if (!entry->Valid() || ViewOf(entry->key()) < BatchKey(space->id, Part::kRecords, 0)) return Result::kOk;
  BatchHeader header;
  std::string_view records;
  const std::uint64_t position = PositionOfBatchKey(ViewOf(entry->key()));
  if (!DecodeBatch(ViewOf(entry->key()), ViewOf(entry->value()), &header, &records)) {
    *error = PlaceOf(space->name, position) + ": the records are damaged";
    return Result::kCorrupt;
  }
  space->last = position;
  space->last_batch_id = header.batch_id;
  space->total_bytes = header.total_bytes;
  return Result::kOk;
}

Result Store::Scan(std::uint32_t id, std::string_view name, std::uint64_t from,
                   const std::function<void(const ReadBatch&)>& visit, std::string* error) const {
  rocksdb::ManagedSnapshot now(db_.get());
  rocksdb::ReadOptions options;
  options.snapshot = now.snapshot();
  std::string bytes;
  SpaceValue space;
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

Result Store::ReadContents(std::uint32_t id, std::uint64_t position, std::string* contents) const {
  contents->clear();
  rocksdb::ReadOptions options;
  options.fill_cache = false;  // read once, as a rule
  const std::string key = BatchKey(id, Part::kContents, position);
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = db_->Get(options, db_->DefaultColumnFamily(), key, &value);
  if (status.IsNotFound()) {
    BatchHeader header;
    std::uint64_t records_bytes = 0;
    const Result result = ReadHeader(id, position, &header, &records_bytes);
    return result == Result::kOk && header.contents_bytes > 0 ? Result::kLost : result;
  }
  if (!status.ok()) return ResultOf(status);
  BatchHeader header;
  std::string_view bytes;
  if (!DecodeBatch(key, ViewOf(value), &header, &bytes)) return Result::kCorrupt;
  contents->assign(bytes);
  return Result::kOk;
}

Result Store::ReadHeader(std::uint32_t id, std::uint64_t position, BatchHeader* header,
                         std::uint64_t* records_bytes) const {
  const std::string key = BatchKey(id, Part::kRecords, position);
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = db_->Get({}, db_->DefaultColumnFamily(), key, &value);
  if (!status.ok()) return ResultOf(status);
  std::string_view records;
  if (!DecodeBatch(key, ViewOf(value), header, &records)) return Result::kCorrupt;
  *records_bytes = records.size();
  return Result::kOk;
}

Result Store::Snapshot(const std::string& directory, std::string* error) {
  rocksdb::Checkpoint* made = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(db_.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (status.ok()) status = checkpoint->CreateCheckpoint(directory);
  if (!status.ok()) *error = "cannot write a snapshot to " + directory + ": " + status.ToString();
  return ResultOf(status);
}

std::uint64_t Store::bytes() const {
  std::uint64_t sum = 0;
  std::vector<std::string> names;
  env_->GetChildren(directory_, &names).PermitUncheckedError();
  for (const std::string& name : names) {
    std::uint64_t size = 0;
    if (env_->GetFileSize(directory_ + "/" + name, &size).ok()) sum += size;
  }
  return sum;
}

}  // namespace sluice::journal
