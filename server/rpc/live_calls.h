// The calls of a transport: how many there are, and which of them are streams that a drain has to end.
#pragma once

#include <atomic>
#include <unordered_set>

#include <sluice/mutex.h>

#include "server/rpc/tickets.h"

namespace sluice::rpc {

class SessionStream;

// Thread safety: all methods may be called from any thread.
class LiveCalls {
 public:
  // Held by every call object from its making, until all that it has of gRPC is gone: as long as one is out, events
  // may come and operations may begin.
  Tickets& objects() { return objects_; }
  // Held by every call that gRPC has handed over, until then.
  Tickets& under_way() { return under_way_; }

  void Add(SessionStream* stream) SLUICE_EXCLUDES(mutex_);
  void Remove(SessionStream* stream) SLUICE_EXCLUDES(mutex_);

  // From now on draining() is true; ends every stream. Idempotent.
  void Drain() SLUICE_EXCLUDES(mutex_);
  bool draining() const { return draining_.load(); }

 private:
  Tickets objects_;
  Tickets under_way_;
  std::atomic<bool> draining_{false};
  Mutex mutex_;
  std::unordered_set<SessionStream*> streams_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::rpc
