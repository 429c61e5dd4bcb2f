// The namespaces as of the last commit.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/mutex.h>
#include <sluice/thread_annotations.h>

#include "server/journal/store.h"

namespace sluice::journal {

struct SpaceState {
  StoredSpace stored;
  std::uint64_t acknowledged = 0;  // up to this position appends were answered with Ok
  bool is_lost = false;            // batches that were acknowledged are not there any more
  std::uint64_t trim_synced = 0;   // stored.trimmed, as it is on stable storage
};

// Thread safety: all methods may be called from any thread; one thread changes it.
class SpaceTable {
 public:
  explicit SpaceTable(std::vector<StoredSpace> spaces) { Replace(std::move(spaces)); }

  std::optional<SpaceState> Find(std::string_view name) const {
    MutexLock lock(mutex_);
    const auto found = spaces_.find(name);
    if (found == spaces_.end()) return std::nullopt;
    return found->second;
  }

  // In order of names.
  std::vector<SpaceState> All() const {
    MutexLock lock(mutex_);
    std::vector<SpaceState> all;
    for (const auto& [name, space] : spaces_) all.push_back(space);
    return all;
  }

  // All that was written is on stable storage.
  void NoteSynced() {
    MutexLock lock(mutex_);
    for (auto& [name, space] : spaces_) space.trim_synced = space.stored.trimmed;
  }

  // Namespaces are never removed.
  std::uint32_t NextId() const {
    MutexLock lock(mutex_);
    return static_cast<std::uint32_t>(spaces_.size()) + 1;
  }

  void Update(const std::map<std::string, SpaceState>& changed) {
    MutexLock lock(mutex_);
    for (const auto& [name, space] : changed) spaces_.insert_or_assign(name, space);
  }

  // What a store has that was opened anew.
  void Replace(std::vector<StoredSpace> spaces) {
    MutexLock lock(mutex_);
    std::map<std::string, SpaceState, std::less<>> before;
    before.swap(spaces_);
    for (StoredSpace& space : spaces) {
      const auto old = before.find(space.name);
      const bool is_lost = old != before.end() && (old->second.is_lost || old->second.acknowledged > space.last);
      std::string name = space.name;
      const std::uint64_t last = space.last;
      const std::uint64_t trimmed = space.trimmed;
      spaces_.emplace(std::move(name), SpaceState{std::move(space), last, is_lost, trimmed});
    }
  }

 private:
  mutable Mutex mutex_;
  std::map<std::string, SpaceState, std::less<>> spaces_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::journal
