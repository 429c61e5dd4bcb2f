// What a session holds in a namespace.
#pragma once

#include "common/ids.h"
#include "server/queue/intrusive_list.h"
#include "server/queue/stored_item.h"
#include "server/queue/waiter.h"

namespace sluice::queue {

// From the session's first command until it ends. Does not move: items and waiters point here.
struct SessionState {
  SessionId id;
  bool suspended = false;
  IntrusiveList<StoredItem, &StoredItem::by_session> leases;
  IntrusiveList<Waiter, &Waiter::by_session> waiters;  // in order of arrival
};

}  // namespace sluice::queue
