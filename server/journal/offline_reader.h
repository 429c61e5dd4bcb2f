// Reads a directory that no server uses, and changes nothing in it: for checks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/journal/journal.h"
#include "server/journal/rocksdb_options.h"

namespace sluice::journal {

class DataDirectory;
class Store;
struct StoredSpace;

// What is read is checked against its checksum. Thread safety: const methods may be called from any thread.
class OfflineReader {
 public:
  // Null: `failure` says why it cannot be read; kCorrupt, kLost: it is damaged, and where. A torn end of a log, which
  // was never acknowledged, is left out. Blocks: for the disk.
  static std::unique_ptr<OfflineReader> Open(const std::string& directory, const RocksDbOptions& options,
                                             Health* failure);
  ~OfflineReader();
  OfflineReader(const OfflineReader&) = delete;
  OfflineReader& operator=(const OfflineReader&) = delete;

  // Every namespace, by name.
  std::vector<Extent> List() const;
  // As Journal's.
  Result Scan(const Extent& space, std::uint64_t from, const std::function<void(const ReadBatch&)>& visit,
              std::string* error) const;
  Result ReadContents(const Extent& space, std::uint64_t position, std::string* contents, std::string* error) const;
  // On the disk.
  std::uint64_t bytes() const;

 private:
  OfflineReader(std::unique_ptr<DataDirectory> directory, std::unique_ptr<Store> store,
                std::vector<StoredSpace> spaces);
  std::uint32_t IdOf(const Extent& space) const;

  const std::unique_ptr<DataDirectory> directory_;
  const std::unique_ptr<Store> store_;
  const std::vector<StoredSpace> spaces_;  // by name
};

}  // namespace sluice::journal
