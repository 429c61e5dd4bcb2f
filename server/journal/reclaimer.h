// The thread that gives the space of what was trimmed back to the disk, beside the one that writes: appends go on.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <thread>

#include <sluice/mutex.h>
#include <sluice/thread_annotations.h>

#include "server/journal/data_directory.h"
#include "server/journal/rocksdb_options.h"
#include "server/journal/space_table.h"
#include "server/journal/store_slot.h"

namespace sluice::journal {

// Thread safety: all methods may be called from any thread.
class Reclaimer {
 public:
  // Looks at once, for what an earlier life has left. Borrows: all, until destroyed.
  Reclaimer(const DataDirectory* directory, StoreSlot* slot, const SpaceTable* table, const RocksDbOptions& options);
  ~Reclaimer();
  Reclaimer(const Reclaimer&) = delete;
  Reclaimer& operator=(const Reclaimer&) = delete;

  // Something was trimmed and is synced, or the disk is full. Blocks: never.
  void Wake();

 private:
  void Run();
  // True: it is to be called again, though nobody wakes.
  bool Sweep();

  const DataDirectory* const directory_;
  StoreSlot* const slot_;
  const SpaceTable* const table_;
  const RocksDbOptions options_;
  // The thread's own.
  std::map<std::uint32_t, std::uint64_t> swept_{};  // by namespace: up to this position nothing takes space any more
  std::chrono::steady_clock::time_point compacted_{};

  Mutex mutex_;
  CondVar changed_;
  bool is_woken_ SLUICE_GUARDED_BY(mutex_) = true;
  bool is_stopping_ SLUICE_GUARDED_BY(mutex_) = false;

  std::thread thread_;
};

}  // namespace sluice::journal
