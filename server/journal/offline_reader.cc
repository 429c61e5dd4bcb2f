#include "server/journal/offline_reader.h"

#include <algorithm>
#include <utility>

#include "server/journal/data_directory.h"
#include "server/journal/store.h"

namespace sluice::journal {

std::unique_ptr<OfflineReader> OfflineReader::Open(const std::string& directory, const RocksDbOptions& options,
                                                   Health* failure) {
  std::unique_ptr<DataDirectory> held = DataDirectory::OpenToRead(directory, options, failure);
  if (held == nullptr) return nullptr;
  std::vector<StoredSpace> spaces;
  std::unique_ptr<Store> store = Store::Open(held.get(), options, Access::kRead, &spaces, failure);
  if (store == nullptr) return nullptr;
  std::sort(spaces.begin(), spaces.end(),
            [](const StoredSpace& one, const StoredSpace& other) { return one.name < other.name; });
  return std::unique_ptr<OfflineReader>(new OfflineReader(std::move(held), std::move(store), std::move(spaces)));
}

OfflineReader::OfflineReader(std::unique_ptr<DataDirectory> directory, std::unique_ptr<Store> store,
                             std::vector<StoredSpace> spaces)
    : directory_(std::move(directory)), store_(std::move(store)), spaces_(std::move(spaces)) {}

OfflineReader::~OfflineReader() = default;

std::vector<Extent> OfflineReader::List() const {
  std::vector<Extent> extents;
  for (const StoredSpace& space : spaces_) extents.push_back(ExtentOf(space));
  return extents;
}

std::uint32_t OfflineReader::IdOf(const Extent& space) const {
  const auto found = std::find_if(spaces_.begin(), spaces_.end(),
                                  [&](const StoredSpace& stored) { return stored.name == space.space; });
  return found->id;
}

Result OfflineReader::Scan(const Extent& space, std::uint64_t from, const std::function<void(const ReadBatch&)>& visit,
                           std::string* error) const {
  return store_->Scan(IdOf(space), space.space, from, visit, error);
}

Result OfflineReader::ReadContents(const Extent& space, std::uint64_t position, std::string* contents,
                                   std::string* error) const {
  const Result result = store_->ReadContents(IdOf(space), position, contents, error);
  if (result != Result::kOk && error->empty()) {
    *error = PlaceOf(space.space, position) +
             (result == Result::kLost ? ": the contents are missing" : ": the contents are damaged");
  }
  return result;
}

std::uint64_t OfflineReader::bytes() const { return directory_->bytes(); }

}  // namespace sluice::journal
