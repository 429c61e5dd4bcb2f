// Which leases a client holds, as far as it knows: all of the present epoch.
#pragma once

#include <atomic>
#include <cstdint>
#include <stop_token>
#include <unordered_map>
#include <vector>

#include <sluice/mutex.h>

namespace sluice::detail {

// Rises when the client's session is lost, and with it every lease it held. A lease is held in one epoch only.
using Epoch = std::uint64_t;
inline constexpr Epoch kAnyEpoch = 0;

// Thread safety: all methods may be called from any thread.
class LeaseTable {
 public:
  Epoch epoch() const noexcept { return epoch_.load(std::memory_order_acquire); }

  // The source will be stopped when the leases of `epoch` are lost (now, if that is over). Returns a number for
  // Unwatch; 0: nothing to unwatch.
  std::uint64_t Watch(Epoch epoch, std::stop_source source) SLUICE_EXCLUDES(mutex_);
  void Unwatch(std::uint64_t watch) SLUICE_EXCLUDES(mutex_);

  // The session is lost: a new epoch begins. Returns what is to be given to Stop, outside the caller's locks.
  [[nodiscard]] std::vector<std::stop_source> LoseAll() SLUICE_EXCLUDES(mutex_);
  // Stops them; what users hung on them runs, in this thread. Requires: the caller holds no lock.
  static void Stop(std::vector<std::stop_source> lost);

 private:
  std::atomic<Epoch> epoch_{1};
  Mutex mutex_;
  std::uint64_t next_watch_ SLUICE_GUARDED_BY(mutex_) = 1;
  std::unordered_map<std::uint64_t, std::stop_source> sources_ SLUICE_GUARDED_BY(mutex_);
};

// True in a thread that is just stopping sources: a blocking call there would wait for itself.
bool InStopCallback() noexcept;

}  // namespace sluice::detail
