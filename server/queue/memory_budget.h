// How much memory the items of the whole server may take; shared by all namespaces.
//
// Two accounts: what is in queues (up to the limit), and the payloads of puts that wait for room (up to a
// quarter of it more), so that waiting producers cannot be what kills the process.
// Thread safety: all methods may be called from any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

#include "common/limits.h"

namespace sluice::queue {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t limit_bytes) : limit_(limit_bytes), parked_limit_(limit_bytes / 4) {}

  std::size_t limit() const { return limit_; }
  std::size_t used() const { return used_.load(); }
  std::size_t parked() const { return parked_.load(); }

  // Takes all of `bytes` or nothing. A put that alone exceeds the limit never succeeds.
  bool TryTake(std::size_t bytes) { return TryAdd(used_, limit_, bytes); }
  // Takes it in any case: what a restart has found, or what is read of a long queue's front.
  void Take(std::size_t bytes) { used_.fetch_add(bytes); }
  void Give(std::size_t bytes) { used_.fetch_sub(bytes); }

  bool TryPark(std::size_t bytes) { return TryAdd(parked_, parked_limit_, bytes); }
  void Unpark(std::size_t bytes) { parked_.fetch_sub(bytes); }

  // Queues that are not in memory as a whole. What they read ahead they share.
  void AddPaged() { paged_.fetch_add(1); }
  void RemovePaged() { paged_.fetch_sub(1); }
  // What one of them may fill; alone it has the share of one of two.
  std::size_t PagedShare() const {
    const std::size_t sharers = std::max<std::size_t>(paged_.load(), 2);
    return std::max(limit_ / limits::kPagedPart / sharers, limit_ / limits::kLeastPagedPart);
  }

 private:
  static bool TryAdd(std::atomic<std::size_t>& account, std::size_t limit, std::size_t bytes) {
    std::size_t now = account.load();
    while (bytes <= limit && now <= limit - bytes) {
      if (account.compare_exchange_weak(now, now + bytes)) return true;
    }
    return false;
  }

  const std::size_t limit_;
  const std::size_t parked_limit_;
  std::atomic<std::size_t> used_{0};
  std::atomic<std::size_t> parked_{0};
  std::atomic<std::size_t> paged_{0};
};

}  // namespace sluice::queue
