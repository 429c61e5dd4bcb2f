#include "server/journal/rocksdb_journal.h"

#include <utility>

#include "server/journal/committer.h"
#include "server/journal/store.h"

namespace sluice::journal {
namespace {

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
  std::unique_ptr<Store> store = Store::Open(directory, options, &failure);
  std::vector<StoredSpace> spaces;
  if (store != nullptr && store->ReadSpaces(&spaces, &failure.text) != Result::kOk) store.reset();
  if (store == nullptr) {
    *error = failure.text;
    return nullptr;
  }
  auto committer = std::make_unique<Committer>(store.get(), std::move(spaces), options);
  return std::unique_ptr<RocksDbJournal>(new RocksDbJournal(std::move(store), std::move(committer)));
}

RocksDbJournal::RocksDbJournal(std::unique_ptr<Store> store, std::unique_ptr<Committer> committer)
    : store_(std::move(store)), committer_(std::move(committer)) {}

RocksDbJournal::~RocksDbJournal() = default;

Result RocksDbJournal::List(std::vector<Extent>* extents, std::string* error) {
  for (const StoredSpace& space : committer_->Spaces()) {
    Extent extent;
    if (const Result result = ExtentOf(*store_, space, &extent, error); result != Result::kOk) return result;
    extents->push_back(std::move(extent));
  }
  return Result::kOk;
}

Result RocksDbJournal::Own(std::string_view space, Extent* extent, std::string* error) {
  StoredSpace owned;
  const Result result = committer_->Own(space, &owned, error);
  return result == Result::kOk ? ExtentOf(*store_, owned, extent, error) : result;
}

Result RocksDbJournal::Scan(std::string_view space, std::uint64_t from,
                            const std::function<void(const ReadBatch&)>& visit, std::string* error) {
  const std::optional<StoredSpace> found = committer_->Find(space);
  if (!found) return Result::kOk;
  return store_->Scan(found->id, space, from, visit, error);
}

void RocksDbJournal::Append(Batch batch, Done done) { committer_->Append(std::move(batch), std::move(done)); }

Result RocksDbJournal::ReadContents(std::string_view space, std::uint64_t position, std::string* contents) {
  const std::optional<StoredSpace> found = committer_->Find(space);
  if (!found) return Result::kLost;
  return store_->ReadContents(found->id, position, contents);
}

void RocksDbJournal::Trim(std::string_view space, std::uint64_t position) { committer_->Trim(space, position); }

Result RocksDbJournal::Snapshot(const std::string& directory, std::string* error) {
  return store_->Snapshot(directory, error);
}

Health RocksDbJournal::health() const { return {}; }
std::uint64_t RocksDbJournal::bytes() const { return store_->bytes(); }

}  // namespace sluice::journal
