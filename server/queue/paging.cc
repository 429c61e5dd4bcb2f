// Queues that are longer than what is kept in memory: their front is read ahead of the getters. The end of a fifo queue
// is cold. In another order any item may be the next at the front: all are in line, and those behind shed their
// contents.
#include <algorithm>

#include "common/limits.h"
#include "server/queue/state.h"

namespace sluice::queue {
namespace {

// What the contents of so many items take.
std::size_t Weight(std::size_t bytes, std::size_t items) { return bytes + items * limits::kItemOverheadBytes; }

}  // namespace

std::size_t Namespace::State::Window() const { return std::min(limits_.window_bytes, budget_.limit() / 8); }

bool Namespace::State::PutsCold(const Queue& queue) const {
  if (!Logs(queue) || queue.settings.order != Order::kFifo) return false;
  return !queue.cold.empty() || Weight(queue.ready.bytes(), queue.ready.size()) > Window();
}

void Namespace::State::AddCold(Queue& queue, const ColdItem& item) {
  queue.cold.push_back(item);
  queue.cold_bytes += item.payload_bytes;
  live_bytes_ += item.home.bytes;
}

StoredItem& Namespace::State::Thaw(Queue& queue) {
  const ColdItem cold = queue.cold.front();
  queue.cold.pop_front();
  queue.cold_bytes -= cold.payload_bytes;
  live_bytes_ -= cold.home.bytes;  // SetHome counts it again
  budget_.Take(limits::kItemOverheadBytes - limits::kColdItemBytes);
  auto* const item = new StoredItem();
  item->id = cold.id;
  item->put_time = cold.put_time;
  item->payload_bytes = cold.payload_bytes;
  item->queue = &queue;
  SetHome(*item, cold.home);
  queue.items.PushBack(item);
  queue.ready.PushNew(item);
  return *item;
}

void Namespace::State::FinishCold(Queue& queue, Effects& effects) {
  const ColdItem cold = queue.cold.front();
  queue.cold.pop_front();
  queue.cold_bytes -= cold.payload_bytes;
  live_bytes_ -= cold.home.bytes;
  freed_ += limits::kColdItemBytes;
  effects.memory_freed = true;
  ++queue.discarded;
  log_.AddFinished(queue.number, Outcome::kDiscarded, cold.id, queue.settings.durability);
  CountFinished(queue, cold.id);
}

void Namespace::State::Refill(Queue& queue, Effects& effects) {
  const std::size_t window = Window();
  const ReadyList& ready = queue.ready;
  if (ready.HasFront() && Weight(ready.loaded_bytes(), ready.size() - ready.unloaded()) >= window / 2) return;
  while (!queue.cold.empty() && Weight(ready.bytes(), ready.size()) < window) Thaw(queue);
  if (ready.unloaded() == 0) return;
  std::size_t looked_at = 0;
  ready.VisitInOrder([&](const StoredItem& item) {
    const std::size_t bytes = Weight(item.bytes(), 1);
    // Nothing is loaded that Shed() would take away again: the two would go on for ever.
    if (looked_at > 0 && looked_at + bytes > window) return false;
    if (!item.content && loading_.insert(item.home.position).second) effects.loads.push_back(item.home.position);
    looked_at += bytes;
    return true;
  });
}

void Namespace::State::Shed(Queue& queue, Effects& effects) {
  if (!Logs(queue) || queue.settings.order == Order::kFifo) return;
  const auto is_too_much = [&] {
    const std::size_t loaded = queue.ready.size() - queue.ready.unloaded();
    return loaded > 1 && Weight(queue.ready.loaded_bytes(), loaded) > Window();
  };
  while (is_too_much()) {
    StoredItem& item = *queue.ready.Shed();
    freed_ += ContentBytes(*item.content);
    item.content.reset();
    effects.memory_freed = true;
  }
}

bool Namespace::State::Loaded(std::uint64_t position, std::string_view contents, TimePoint now, Effects& effects) {
  loading_.erase(position);
  const auto found = homes_.find(position);
  if (found == homes_.end()) return true;  // all of them have gone since
  std::vector<Queue*> touched;
  std::vector<StoredItem*> to_move;
  for (StoredItem* item = found->second.front(); item != nullptr; item = found->second.Next(item)) {
    const Home& home = item->home;
    if (home.offset > contents.size() || home.bytes > contents.size() - home.offset) return false;
    if (position <= move_to_) to_move.push_back(item);
    if (item->content) continue;
    item->content = ReadContent(contents.substr(home.offset, home.bytes));
    if (!item->content || item->content->payload.size() != item->payload_bytes) return false;
    budget_.Take(ContentBytes(*item->content));
    if (item->leased()) continue;
    item->queue->ready.Loaded(item);
    if (std::find(touched.begin(), touched.end(), item->queue) == touched.end()) touched.push_back(item->queue);
  }
  for (StoredItem* item : to_move) MoveItem(*item, contents.substr(item->home.offset, item->home.bytes));
  for (Queue* queue : touched) Settle(*queue, now, effects);
  return true;
}

}  // namespace sluice::queue
