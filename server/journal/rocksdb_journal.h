// A journal in a directory, on RocksDB: one key for the records of each batch, and one for its contents.
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

class Committer;
class Reclaimer;
class DataDirectory;
class SpaceTable;
class Store;
class StoreSlot;
struct StoredSpace;

// Thread safety: as Journal.
class RocksDbJournal : public Journal {
 public:
  // Opens the journal in `directory`, which is created (for its owner alone) if it is missing, and is held exclusively
  // until the journal is destroyed. Null: `failure` says what is wrong and what to do. Blocks: for the disk.
  static std::unique_ptr<RocksDbJournal> Open(const std::string& directory, const RocksDbOptions& options,
                                              Health* failure);
  // What was appended before is carried out and answered. Blocks: for the disk.
  ~RocksDbJournal() override;
  RocksDbJournal(const RocksDbJournal&) = delete;
  RocksDbJournal& operator=(const RocksDbJournal&) = delete;

  Result List(std::vector<Extent>* extents, std::string* error) override;
  Result Own(std::string_view space, Extent* extent, std::string* error) override;
  Result Scan(std::string_view space, std::uint64_t from, const std::function<void(const ReadBatch&)>& visit,
              std::string* error) override;
  using Journal::Append;
  void Append(std::shared_ptr<const Batch> batch, Done done) override;
  Result ReadContents(std::string_view space, std::uint64_t position, std::string* contents) override;
  void Trim(std::string_view space, std::uint64_t position) override;
  Result Snapshot(const std::string& directory, std::string* error) override;
  Health health() const override;
  Activity activity() const override;
  std::uint64_t free_bytes() const override;

 private:
  RocksDbJournal(std::unique_ptr<DataDirectory> directory, std::unique_ptr<Store> store,
                 std::vector<StoredSpace> spaces, const RocksDbOptions& options);

  const RocksDbOptions options_;
  const std::unique_ptr<DataDirectory> directory_;
  const std::unique_ptr<StoreSlot> slot_;
  const std::unique_ptr<SpaceTable> table_;
  const std::unique_ptr<Reclaimer> reclaimer_;
  const std::unique_ptr<Committer> committer_;
};

}  // namespace sluice::journal
