#include "server/journal/reclaimer.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "server/journal/garbage.h"

namespace sluice::journal {
namespace {

constexpr std::uint64_t kOfFull = 16;    // on a full disk it is done for this part of what is worth it else
constexpr int kIntervalsToCompact = 30;  // while there is room: others write files anew, too

}  // namespace

Reclaimer::Reclaimer(const DataDirectory* directory, StoreSlot* slot, const SpaceTable* table,
                     const RocksDbOptions& options)
    : directory_(directory), slot_(slot), table_(table), options_(options), thread_([this] { Run(); }) {}

Reclaimer::~Reclaimer() {
  {
    MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  changed_.NotifyOne();
  if (const std::shared_ptr<Store> store = slot_->Get()) store->EndLongWork();
  thread_.join();
}

void Reclaimer::Wake() {
  {
    MutexLock lock(mutex_);
    if (is_woken_) return;
    is_woken_ = true;
  }
  changed_.NotifyOne();
}

void Reclaimer::Run() {
  for (;;) {
    {
      MutexLock lock(mutex_);
      while (!is_woken_ && !is_stopping_) changed_.Wait(mutex_);
      if (!is_stopping_) changed_.WaitFor(mutex_, options_.reclaim_interval);  // for more
      if (is_stopping_) return;
      is_woken_ = false;
    }
    if (Sweep()) Wake();
  }
}

bool Reclaimer::Sweep() {
  const std::shared_ptr<Store> store = slot_->Get();
  if (store == nullptr) return true;
  std::vector<StoredSpace> spaces;
  for (SpaceState& space : table_->All()) {
    space.stored.trimmed = space.trim_synced;  // the committer wakes us when more is
    if (space.trim_synced > swept_[space.stored.id]) spaces.push_back(std::move(space.stored));
  }
  if (spaces.empty()) return false;
  const std::uint64_t free_bytes = directory_->free_bytes();
  const bool is_full = free_bytes / 2 < options_.min_free_bytes;  // or soon will be
  const std::uint64_t worth = is_full ? options_.reclaim_bytes / kOfFull : options_.reclaim_bytes;
  Garbage garbage(store->db(), spaces);
  if (garbage.bytes() < worth) return false;
  if (!garbage.DropFiles().ok()) return true;
  if (garbage.bytes() < worth) return false;
  const auto now = std::chrono::steady_clock::now();
  if (!is_full && now - compacted_ < kIntervalsToCompact * options_.reclaim_interval) return true;
  // With something for the logs that grow meanwhile.
  if (garbage.BytesBeside() + options_.min_free_reserve_bytes / 8 > free_bytes) return true;
  compacted_ = now;
  if (!garbage.Compact(store->is_closing()).ok()) return true;
  for (const StoredSpace& space : spaces) swept_[space.id] = space.trimmed;
  return false;
}

}  // namespace sluice::journal
