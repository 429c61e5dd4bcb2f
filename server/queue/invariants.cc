// What must hold after every step, checked from the items up.
#include <map>
#include <memory>

#include "server/queue/state.h"

namespace sluice::queue {
namespace {

// Does not leave this file.
struct Broken {
  const char* invariant;
};

void Check(bool holds, const char* invariant) {
  if (!holds) throw Broken{invariant};
}

void CheckLine(const WaiterLine& line) {
  const Waiter* first = nullptr;
  std::uint64_t last = 0;
  for (const Waiter* waiter : line.All()) {
    Check(last < waiter->arrival, "waiters stand in order of arrival");
    last = waiter->arrival;
    const bool suspended = waiter->session != nullptr && waiter->session->suspended;
    Check(waiter->aside == suspended, "who is suspended stands aside");
    if (first == nullptr && !waiter->aside) first = waiter;
  }
  Check(line.First() == first, "it is the turn of the first in line that does not stand aside");
}

void CheckHolders(const Queue& queue) {
  std::map<const SessionState*, std::size_t> items;
  for (const StoredItem* item = queue.items.front(); item != nullptr; item = queue.items.Next(item)) {
    if (item->in_advance) ++items[item->owner];
  }
  Check(items.size() == queue.holders.size(), "who holds items in advance is known");
  for (const auto& [id, holder] : queue.holders) {
    Check(holder.session->id == id && items[holder.session] == holder.items, "items held in advance are counted");
    Check(!queue.RecallsItems() || holder.recalled || holder.session->suspended,
          "who holds items in advance while others starve was told");
  }
}

}  // namespace

const char* Namespace::State::BrokenInvariant() const {
  try {
    CheckAll();
  } catch (const Broken& broken) {
    return broken.invariant;
  }
  return nullptr;
}

void Namespace::State::CheckAll() const {
  std::size_t leases = 0;
  std::size_t deadlines = 0;
  std::size_t parked = 0;
  std::size_t memory_waiters = 0;
  std::size_t live_bytes = 0;
  for (const auto& [name, queue] : queues_) {
    std::size_t ready = 0;
    std::size_t ready_bytes = 0;
    std::size_t leased_bytes = 0;
    ItemId last;
    for (const StoredItem* item = queue->items.front(); item != nullptr; item = queue->items.Next(item)) {
      Check(last < item->id, "items stand in order of age");
      last = item->id;
      if (item->home.position != 0) live_bytes += LogBytes(*item);
      if (!item->leased()) {
        ++ready;
        ready_bytes += item->bytes();
        Check(item->owner == nullptr && !item->deadline && !item->by_session.linked,
              "a ready item has nothing of a lease");
        continue;
      }
      ++leases;
      leased_bytes += item->bytes();
      if (item->deadline) ++deadlines;
      Check(FindLease(item->fence) == item, "a leased item is found by its fence");
      Check(item->by_session.linked == (item->owner != nullptr), "a session's lease is in its list");
      Check(!item->deadline || lease_deadlines_.contains({*item->deadline, item->fence}),
            "a lease's deadline is known");
    }
    Check(ready == queue->ready.size() && ready_bytes == queue->ready.bytes(), "what is not leased is ready");
    for (const ColdItem& item : queue->cold) live_bytes += LogBytes(item);
    Check(queue->cold.empty() || queue->items.empty() || last < queue->cold.front().id, "what is cold is the youngest");
    Check(queue->counts_as_paged == queue->paged(), "the memory budget knows whether a queue is paged");
    Check(leased_bytes == queue->leased_bytes, "leased bytes are those of the leased items");
    Check(queue->put == queue->done + queue->dead + queue->discarded + queue->unfinished(), "no item is lost or made");
    Check(queue->settings.paused || !queue->ready.HasFront() ||
              (queue->getters.First() == nullptr && queue->ahead.First() == nullptr),
          "nobody waits for what is there");
    CheckHolders(*queue);
    Check(!queue->shut_down || queue->putters.size() == 0, "no put waits at a queue that is shut down");
    Check(!queue->immediate || queue->ready_items() == 0, "nothing is ready after shutdown(immediate)");
    if (queue->waits_for_memory != 0) ++memory_waiters;
    if (const Waiter* waiter = queue->putters.First(); waiter != nullptr && queue->waits_for_memory == 0) {
      Check(!queue->HasRoom(waiter->items.size(), waiter->bytes), "no put waits that fits");
    }
    CheckLine(queue->getters);
    CheckLine(queue->ahead);
    CheckLine(queue->putters);
    std::size_t counting = 0;
    for (const Waiter* joiner : queue->joiners) {
      Check(!Joined(*joiner), "no join waits that is finished");
      for (const JoinPart& part : joiner->joined) counting += part.queue == queue.get() && part.before ? 1 : 0;
    }
    Check(counting == queue->counting_joiners, "joins that count items are counted");
    parked += queue->getters.size() + queue->ahead.size() + queue->putters.size() + queue->peekers.size();
  }
  Check(leases == leases_.size(), "every lease is of an item");
  Check(deadlines == lease_deadlines_.size(), "every deadline is of a lease");
  Check(live_bytes == live_bytes_, "what is alive of the log is counted");
  Check(freed_ == 0, "what finished items took was given back");
  Check(memory_waiters == memory_line_.size(), "queues that wait for memory are counted");
  std::size_t joins = 0;
  std::size_t timeouts = 0;
  waiters_.ForEach([&](std::uint64_t operation, const std::unique_ptr<Waiter>& waiter) {
    if (waiter->kind == Waiter::Kind::kJoin) ++joins;
    if (waiter->deadline) ++timeouts;
    Check(waiter->operation.value == operation, "a waiter is found by its operation");
    Check(waiter->by_session.linked == (waiter->session != nullptr), "a session's waiter is in its list");
  });
  Check(parked + joins == waiters_.size(), "every waiter stands in its line");
  Check(timeouts == timeouts_.size(), "every timeout is of a waiter");
}

}  // namespace sluice::queue
