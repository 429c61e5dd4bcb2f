// What a session holds in a namespace.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "common/ids.h"
#include "server/queue/intrusive_list.h"
#include "server/queue/stored_item.h"
#include "server/queue/waiter.h"

namespace sluice::queue {

// What was said of a lease.
enum class Settled : std::uint8_t { kDone, kReturned };

// From the session's first command until it ends. Does not move: items and waiters point here.
struct SessionState {
  SessionId id;
  std::string token;  // this and the next two: empty unless the namespace has a log
  std::string client_name;
  std::chrono::milliseconds lease{0};
  std::uint64_t home = 0;  // position of its SessionRecord; 0: none
  bool suspended = false;
  // The latest NamespaceLimits::settled_leases of the leases that it had settled before a restart, by fence: it may say the same
  // again, once, because the answer was lost.
  std::unordered_map<std::uint64_t, Settled> settled;
  IntrusiveList<StoredItem, &StoredItem::by_session> leases;
  IntrusiveList<Waiter, &Waiter::by_session> waiters;  // in order of arrival
};

}  // namespace sluice::queue
