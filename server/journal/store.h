// A directory with RocksDB in it. Knows keys and values of batches; no rule of appending.
#pragma once

#include <rocksdb/db.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/journal/batch_format.h"
#include "server/journal/data_directory.h"
#include "server/journal/database.h"
#include "server/journal/journal.h"
#include "server/journal/rocksdb_options.h"

namespace sluice::journal {

inline Extent ExtentOf(const StoredSpace& space) { return {space.name, space.epoch, space.trimmed + 1, space.last}; }

// Thread safety: const methods may be called from any thread, the others from one.
class Store {
 public:
  // To write: what its logs hold is written to new files, and is on stable storage when this returns: also what an
  // earlier life had failed to sync. To read: as it would be then, but nothing is changed in the directory. `spaces`:
  // all that it has. Null: `failure` says what is wrong and what to do. Borrows: `directory`, until destroyed.
  static std::unique_ptr<Store> Open(const DataDirectory* directory, const RocksDbOptions& options, Access access,
                                     std::vector<StoredSpace>* spaces, Health* failure);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // An empty batch, to be filled and handed to Write.
  rocksdb::WriteBatch NewBatch();
  // With the operating system. After a failure, of this or of Sync, both do nothing but tell it again.
  rocksdb::Status Write(rocksdb::WriteBatch* batch);
  // All that was written is on stable storage.
  rocksdb::Status Sync();

  Result Scan(std::uint32_t id, std::string_view name, std::uint64_t from,
              const std::function<void(const ReadBatch&)>& visit, std::string* error) const;
  // `error`, if there is one, is left empty or says what RocksDB says: the file.
  Result ReadContents(std::uint32_t id, std::uint64_t position, std::string* contents,
                      std::string* error = nullptr) const;
  // Of the records of a batch. Lost: there is none.
  Result ReadHeader(std::uint32_t id, std::uint64_t position, BatchHeader* header) const;
  // For work of which the caller knows that it harms nobody; other than by this class nothing is written.
  rocksdb::DB* db() const { return db_.get(); }
  // Set: it is to be closed, and long work on it ends.
  std::atomic<bool>* is_closing() { return &is_closing_; }
  void EndLongWork() { is_closing_ = true; }
  // A copy in the new directory `directory` of all that was written.
  Result Snapshot(const std::string& directory, std::string* error);

 private:
  Store(const DataDirectory* directory, Access access) : directory_(directory), access_(access) {}
  // Marks a new directory as ours, with our version.
  bool Start(Health* failure);
  bool CheckVersion(const std::string& version, Health* failure) const;
  Result ReadSpaces(std::vector<StoredSpace>* spaces, std::string* error) const;
  Result ReadLast(StoredSpace* space, std::string* error) const;

  const DataDirectory* const directory_;
  const Access access_;
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::Status failure_{};
  std::atomic<bool> is_closing_{false};
  std::uint64_t synced_ = 0;  // sequence up to which all is on stable storage
};

}  // namespace sluice::journal
