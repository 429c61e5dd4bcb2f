// One named queue: its settings, its items, who waits at it, and how its items ended.
// The rules that move items and answer waiters are in state.h; this is what they move.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <sluice/types.h>

#include "common/limits.h"
#include "server/queue/cold_line.h"
#include "server/queue/intrusive_list.h"
#include "server/queue/ready_list.h"
#include "server/queue/stored_item.h"
#include "server/queue/waiter.h"

namespace sluice::queue {

// A session that has items which it may not have begun.
struct Holder {
  SessionState* session = nullptr;
  std::size_t items = 0;
  bool recalled = false;  // it was told since the last of them was delivered
};

// Owns: its items. Thread safety: none.
class Queue {
 public:
  Queue(std::uint64_t queue_number, std::string queue_name, const QueueSettings& initial, TimePoint now)
      : number(queue_number),
        name(std::move(queue_name)),
        settings(initial),
        created(now),
        ready(initial.order, Sheds(initial)) {}
  ~Queue() {
    while (StoredItem* item = items.front()) {
      items.Erase(item);
      delete item;
    }
  }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  std::size_t unfinished() const { return items.size() + cold.size(); }
  std::size_t leased() const { return items.size() - ready.size(); }
  std::size_t ready_items() const { return ready.size() + cold.size(); }
  std::size_t ready_bytes() const { return ready.bytes() + cold.payload_bytes(); }
  // Contents of it are to be read before it can be emptied.
  bool paged() const { return !cold.empty() || ready.unloaded() > 0; }
  // Its items survive the process.
  bool durable() const { return settings.durability != Durability::kMemory; }

  // A batch that can never fit, not even into the empty queue.
  bool NeverFits(std::size_t count, std::size_t bytes) const {
    return Exceeds(settings.maxsize, 0, count) || Exceeds(settings.max_bytes, 0, bytes);
  }
  bool HasRoom(std::size_t count, std::size_t bytes) const {
    return !Exceeds(settings.maxsize, BoundItems(), count) && !Exceeds(settings.max_bytes, BoundBytes(), bytes);
  }
  bool full() const {
    return (settings.maxsize > 0 && BoundItems() >= static_cast<std::size_t>(settings.maxsize)) ||
           (settings.max_bytes > 0 && BoundBytes() >= static_cast<std::size_t>(settings.max_bytes));
  }

  // How long a lease without a session lasts when `asked` (0 = the queue's own) is asked for.
  std::chrono::milliseconds LeaseTime(std::chrono::milliseconds asked) const {
    return std::clamp(asked.count() > 0 ? asked : settings.lease, std::chrono::milliseconds(1), limits::kMaxLease);
  }

  // Items that were delivered in advance are better given to somebody else, or discarded.
  bool RecallsItems() const { return immediate || (!settings.paused && getters.First() != nullptr); }
  WaiterLine& LineOf(const GetTerms& get) { return get.prefetch == Prefetch::kAhead ? ahead : getters; }

  QueueStats Snapshot(TimePoint now) const;
  QueueDescription Describe(TimePoint now) const { return {name, settings, Snapshot(now), created}; }
  QueueCounts Counts() const { return {name, done, dead, 0, discarded}; }

  const std::uint64_t number;  // in the namespace's records; never used again
  std::string name;            // this and `created` never change; a queue that is replayed may get them late
  QueueSettings settings;
  TimePoint created;
  std::uint64_t home = 0;  // position of its latest QueueRecord; 0: none

  // All unfinished ones but the cold, oldest first.
  IntrusiveList<StoredItem, &StoredItem::by_age> items;
  ReadyList ready;
  // The end of a long line, all of it ready and behind `ready`, oldest first. Only fifo queues that are durable.
  ColdLine cold;
  bool counts_as_paged = false;  // in the memory budget
  std::size_t leased_bytes = 0;

  WaiterLine getters;  // that wait in earnest
  WaiterLine ahead;    // gets in advance: they yield to those
  WaiterLine putters;
  std::size_t impatient = 0;     // getters with no_wait
  std::vector<Waiter*> peekers;  // until the first content is read
  std::vector<Waiter*> joiners;
  std::size_t counting_joiners = 0;  // of those, the ones that count items put before them
  // Arrival of the first put in line when it fits the queue but not the server's memory; else 0.
  std::uint64_t waits_for_memory = 0;

  std::map<SessionId, Holder> holders;

  bool shut_down = false;
  bool immediate = false;  // shut down at once: what comes back is discarded

  std::uint64_t put = 0;
  std::uint64_t delivered = 0;
  std::uint64_t redelivered = 0;
  std::uint64_t done = 0;
  std::uint64_t dead = 0;
  std::uint64_t discarded = 0;

 private:
  // The end of a durable fifo queue is cold; in other orders nobody knows where the end is.
  static bool Sheds(const QueueSettings& settings) {
    return settings.durability != Durability::kMemory && settings.order != Order::kFifo;
  }
  std::size_t BoundItems() const { return settings.count_leased ? unfinished() : ready_items(); }
  std::size_t BoundBytes() const { return ready_bytes() + (settings.count_leased ? leased_bytes : 0); }
  static bool Exceeds(std::int64_t bound, std::size_t held, std::size_t more) {
    return bound > 0 && (held > static_cast<std::size_t>(bound) || more > static_cast<std::size_t>(bound) - held);
  }
};

}  // namespace sluice::queue
