#include "server/journal/rocksdb_journal.h"

#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "server/journal/committer.h"
#include "server/journal/data_directory.h"
#include "server/journal/offline_reader.h"
#include "server/journal/reclaimer.h"
#include "server/journal/space_table.h"
#include "server/journal/store.h"
#include "server/journal/store_slot.h"

namespace sluice::journal {
namespace {

Result Closed(std::string* error) {
  *error = "the journal is closed after a failure: see its health";
  return Result::kUnavailable;
}

}  // namespace

std::unique_ptr<RocksDbJournal> RocksDbJournal::Open(const std::string& directory, const RocksDbOptions& options,
                                                     Health* failure) {
  std::unique_ptr<DataDirectory> held = DataDirectory::Open(directory, options, failure);
  if (held == nullptr) return nullptr;
  std::vector<StoredSpace> spaces;
  std::unique_ptr<Store> store = Store::Open(held.get(), options, Access::kWrite, &spaces, failure);
  if (store == nullptr) return nullptr;
  return std::unique_ptr<RocksDbJournal>(
      new RocksDbJournal(std::move(held), std::move(store), std::move(spaces), options));
}

RocksDbJournal::RocksDbJournal(std::unique_ptr<DataDirectory> directory, std::unique_ptr<Store> store,
                               std::vector<StoredSpace> spaces, const RocksDbOptions& options)
    : options_(options),
      directory_(std::move(directory)),
      slot_(std::make_unique<StoreSlot>()),
      table_(std::make_unique<SpaceTable>(std::move(spaces))),
      reclaimer_((slot_->Set(std::move(store)),
                  std::make_unique<Reclaimer>(directory_.get(), slot_.get(), table_.get(), options))),
      committer_(std::make_unique<Committer>(directory_.get(), slot_.get(), table_.get(), reclaimer_.get(), options)) {}

RocksDbJournal::~RocksDbJournal() = default;

Result RocksDbJournal::List(std::vector<Extent>* extents, std::string* error) {
  if (slot_->Get() == nullptr) return Closed(error);
  for (const SpaceState& space : table_->All()) extents->push_back(ExtentOf(space.stored));
  return Result::kOk;
}

Result RocksDbJournal::Own(std::string_view space, Extent* extent, std::string* error) {
  StoredSpace owned;
  const Result result = committer_->Own(space, &owned, error);
  if (result == Result::kOk) *extent = ExtentOf(owned);
  return result;
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

Activity RocksDbJournal::activity() const { return committer_->activity(); }

std::uint64_t RocksDbJournal::free_bytes() const { return directory_->free_bytes(); }

}  // namespace sluice::journal
