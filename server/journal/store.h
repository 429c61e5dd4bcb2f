// A directory with RocksDB in it, and how its errors read. Knows keys and values of batches; no rule of appending.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/journal/batch_format.h"
#include "server/journal/data_directory.h"
#include "server/journal/journal.h"
#include "server/journal/rocksdb_options.h"

namespace sluice::journal {

// A namespace as it stands in the store.
struct StoredSpace {
  std::uint32_t id = 0;
  std::uint64_t epoch = 0;
  std::uint64_t trimmed = 0;
  std::uint64_t last = 0;  // position of the newest batch; 0 = none ever
  BatchHeader newest{};    // its header; epoch 0: it was trimmed
  std::string name;
};

// Thread safety: const methods may be called from any thread, the others from one.
class Store {
 public:
  // What its logs hold is written to new files, and is on stable storage when this returns: also what an earlier life
  // had failed to sync. Null: `failure` says what is wrong and what to do. Borrows: `directory`, until destroyed.
  static std::unique_ptr<Store> Open(const DataDirectory* directory, const RocksDbOptions& options, Health* failure);
  // As it would be after Open, but nothing is changed in the directory.
  static std::unique_ptr<Store> OpenToRead(const DataDirectory* directory, const RocksDbOptions& options,
                                           Health* failure);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // An empty batch, to be filled and handed to Write.
  rocksdb::WriteBatch NewBatch();
  // With the operating system. After a failure, of this or of Sync, both do nothing but tell it again.
  rocksdb::Status Write(rocksdb::WriteBatch* batch);
  // All that was written is on stable storage.
  rocksdb::Status Sync();

  Result ReadSpaces(std::vector<StoredSpace>* spaces, std::string* error) const;
  Result Scan(std::uint32_t id, std::string_view name, std::uint64_t from,
              const std::function<void(const ReadBatch&)>& visit, std::string* error) const;
  // `error`, if there is one, is left empty or says what RocksDB says: the file.
  Result ReadContents(std::uint32_t id, std::uint64_t position, std::string* contents,
                      std::string* error = nullptr) const;
  // Of the records of a batch. Lost: there is none.
  Result ReadHeader(std::uint32_t id, std::uint64_t position, BatchHeader* header) const;
  // A copy in the new directory `directory` of all that was written.
  Result Snapshot(const std::string& directory, std::string* error);

 private:
  Store() = default;
  bool Start(Health* failure);
  bool CheckVersion(const std::string& version, Health* failure) const;
  Result ReadLast(StoredSpace* space, std::string* error) const;

  const DataDirectory* directory_ = nullptr;
  std::unique_ptr<rocksdb::DB> db_;
  bool is_to_read_ = false;
  rocksdb::Status failure_{};
  std::uint64_t synced_ = 0;  // sequence up to which all is on stable storage
};

// What RocksDB's status means for what was asked.
Result ResultOf(const rocksdb::Status& status);

}  // namespace sluice::journal
