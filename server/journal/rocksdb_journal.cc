#include "server/journal/rocksdb_journal.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "server/journal/committer.h"
#include "server/journal/data_directory.h"
#include "server/journal/offline_reader.h"
#include "server/journal/space_table.h"
#include "server/journal/store.h"
#include "server/journal/store_slot.h"

namespace sluice::journal {
namespace {

constexpr std::chrono::seconds kCountInterval{1};  // bytes() looks at every file

Result Closed(std::string* error) {
  *error = "the journal is closed after a failure: see its health";
  return Result::kUnavailable;
}

Result ExtentOf(const Store& store, const StoredSpace& space, Extent* extent, std::string* error) {
  *extent = {space.name, space.epoch, space.trimmed + 1, space.last, 0};
  if (space.trimmed == space.last) return Result::kOk;
  BatchHeader first;
  std::uint64_t records_bytes = 0;
  const Result result = store.ReadHeader(space.id, extent->first, &first, &records_bytes);
  if (result != Result::kOk) *error = PlaceOf(space.name, extent->first) + ": " + std::string(NameOf(result));
  extent->bytes = space.total_bytes - first.total_bytes + records_bytes + first.contents_bytes;
  return result;
}

}  // namespace

std::unique_ptr<RocksDbJournal> RocksDbJournal::Open(const std::string& directory, const RocksDbOptions& options,
                                                     std::string* error) {
  Health failure;
  std::unique_ptr<Store> store;
  std::vector<StoredSpace> spaces;
  std::unique_ptr<DataDirectory> held = DataDirectory::Open(directory, options, &failure);
  if (held != nullptr) store = Store::Open(held.get(), options, &failure);
  if (store != nullptr) {
    failure.result = store->ReadSpaces(&spaces, &failure.text);
    if (failure.result != Result::kOk) store.reset();
  }
  if (store == nullptr) {
    *error = failure.text;
    const bool is_damage = failure.result == Result::kCorrupt || failure.result == Result::kLost;
    if (is_damage) *error += ". What is damaged, and what not, says: sluiced --verify " + directory;
    return nullptr;
  }
  return std::unique_ptr<RocksDbJournal>(
      new RocksDbJournal(std::move(held), std::move(store), std::move(spaces), options));
}

RocksDbJournal::RocksDbJournal(std::unique_ptr<DataDirectory> directory, std::unique_ptr<Store> store,
                               std::vector<StoredSpace> spaces, const RocksDbOptions& options)
    : options_(options),
      directory_(std::move(directory)),
      slot_(std::make_unique<StoreSlot>()),
      table_(std::make_unique<SpaceTable>(std::move(spaces))),
      committer_((slot_->Set(std::move(store)),
                  std::make_unique<Committer>(directory_.get(), slot_.get(), table_.get(), options))) {}

RocksDbJournal::~RocksDbJournal() = default;

Result RocksDbJournal::List(std::vector<Extent>* extents, std::string* error) {
  const std::shared_ptr<Store> store = slot_->Get();
  if (store == nullptr) return Closed(error);
  for (const StoredSpace& space : table_->All()) {
    Extent extent;
    if (const Result result = ExtentOf(*store, space, &extent, error); result != Result::kOk) return result;
    extents->push_back(std::move(extent));
  }
  return Result::kOk;
}

Result RocksDbJournal::Own(std::string_view space, Extent* extent, std::string* error) {
  StoredSpace owned;
  if (const Result result = committer_->Own(space, &owned, error); result != Result::kOk) return result;
  const std::shared_ptr<Store> store = slot_->Get();
  return store == nullptr ? Closed(error) : ExtentOf(*store, owned, extent, error);
}

Result RocksDbJournal::Scan(std::string_view space, std::uint64_t from,
                            const std::function<void(const ReadBatch&)>& visit, std::string* error) {
  const std::optional<SpaceState> found = table_->Find(space);
  const std::shared_ptr<Store> store = slot_->Get();
  if (store == nullptr) return Closed(error);
  return found ? store->Scan(found->stored.id, space, from, visit, error) : Result::kOk;
}

void RocksDbJournal::Append(std::shared_ptr<const Batch> batch, Done done) {
  committer_->Append(std::move(batch), std::move(done));
}

Result RocksDbJournal::ReadContents(std::string_view space, std::uint64_t position, std::string* contents) {
  const std::optional<SpaceState> found = table_->Find(space);
  const std::shared_ptr<Store> store = slot_->Get();
  if (store == nullptr) return Result::kUnavailable;
  return found ? store->ReadContents(found->stored.id, position, contents) : Result::kLost;
}

void RocksDbJournal::Trim(std::string_view space, std::uint64_t position) { committer_->Trim(space, position); }

Result RocksDbJournal::Snapshot(const std::string& directory, std::string* error) {
  {
    const std::shared_ptr<Store> store = slot_->Get();
    if (store == nullptr) return Closed(error);
    if (const Result result = store->Snapshot(directory, error); result != Result::kOk) return result;
  }
  // A snapshot is what can be opened.
  Health failure;
  if (OfflineReader::Open(directory, options_, &failure) != nullptr) return Result::kOk;
  *error = "the snapshot in " + directory + " was damaged: it is removed. " + failure.text;
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  return Result::kUnavailable;
}

Health RocksDbJournal::health() const { return committer_->health(); }

std::uint64_t RocksDbJournal::bytes() const {
  MutexLock lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (!counted_ || now - *counted_ >= kCountInterval) {
    bytes_ = directory_->bytes();
    counted_ = now;
  }
  return bytes_;
}

}  // namespace sluice::journal
