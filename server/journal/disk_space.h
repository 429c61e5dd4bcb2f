// Whether the disk has room. Asked before each write, so that RocksDB does not find out in the middle of one.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "server/journal/data_directory.h"
#include "server/journal/rocksdb_options.h"

namespace sluice::journal {

// Thread safety: one thread at a time.
class DiskSpace {
 public:
  // Borrows: `directory`, until destroyed.
  DiskSpace(const DataDirectory* directory, const RocksDbOptions& options);

  // Before `bytes` are written. Asks the system now and then while there is plenty, and each time while there is not.
  void Look(std::uint64_t bytes);
  // As of the last look. With `reserve`: for batches that free more than they take.
  bool HasRoom(bool reserve) const;
  // The system said that the disk is full, whatever the numbers say: gives the reserve back, and looks at the next
  // time.
  void Full();
  // Empty while there is room.
  std::string text() const;

 private:
  void Ask();
  void MakeReserve();
  std::string reserve_path() const;

  const DataDirectory* const directory_;
  const RocksDbOptions options_;
  std::uint64_t free_bytes_ = UINT64_MAX;
  std::uint64_t unseen_bytes_ = 0;  // written since the last look
  bool has_reserve_ = false;
  std::chrono::steady_clock::time_point asked_{};
};

}  // namespace sluice::journal
