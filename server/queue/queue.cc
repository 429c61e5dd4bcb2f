#include "server/queue/queue.h"

#include <chrono>

namespace sluice::queue {

QueueStats Queue::Snapshot(TimePoint now) const {
  QueueStats stats;
  stats.ready = ready_items();
  stats.leased = leased();
  stats.unfinished = unfinished();
  stats.ready_bytes = ready_bytes();
  stats.leased_bytes = leased_bytes;
  stats.put = put;
  stats.delivered = delivered;
  stats.redelivered = redelivered;
  stats.done = done;
  stats.dead = dead;
  stats.discarded = discarded;
  stats.waiting_getters = getters.size();
  stats.waiting_putters = putters.size();
  stats.waiting_joiners = joiners.size();
  stats.empty = ready_items() == 0;
  stats.full = full();
  stats.shut_down = shut_down;
  stats.paused = settings.paused;
  // Only leased items, of which there are few, can stand before the oldest ready one.
  for (const StoredItem* item = items.front(); item != nullptr; item = items.Next(item)) {
    if (item->leased()) continue;
    stats.oldest_ready_age = std::chrono::duration_cast<std::chrono::milliseconds>(now - item->put_time);
    return stats;
  }
  if (!cold.empty()) {
    stats.oldest_ready_age = std::chrono::duration_cast<std::chrono::milliseconds>(now - cold.front().put_time);
  }
  return stats;
}

}  // namespace sluice::queue
