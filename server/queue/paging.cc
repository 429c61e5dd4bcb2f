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

std::size_t Namespace::State::Window() const { return std::min(limits_.window_bytes, budget_.PagedShare()); }

std::size_t Namespace::State::Front() const {
  const bool is_tight = budget_.used() > budget_.limit() / 2;
  return is_tight ? std::min(Window(), budget_.limit() / limits::kTightPagedPart) : Window();
}

void Namespace::State::NotePaged(Queue& queue) {
  if (queue.paged() == queue.counts_as_paged) return;
  queue.counts_as_paged = !queue.counts_as_paged;
  if (queue.counts_as_paged) {
    budget_.AddPaged();
  } else {
    budget_.RemovePaged();
  }
}

bool Namespace::State::PutsCold(const Queue& queue) const {
  if (!Logs(queue) || queue.settings.order != Order::kFifo) return false;
  return !queue.cold.empty() || Weight(queue.ready.bytes(), queue.ready.size()) > Front();
}

void Namespace::State::AddCold(Queue& queue, const ColdItem& item) {
  queue.cold.PushBack(item);
  live_bytes_ += LogBytes(item);
}

ColdItem Namespace::State::TakeCold(Queue& queue) {
  const ColdItem cold = queue.cold.PopFront();
  live_bytes_ -= LogBytes(cold);
  return cold;
}

StoredItem& Namespace::State::Thaw(Queue& queue) {
  const ColdItem cold = TakeCold(queue);
  budget_.Take(limits::kItemOverheadBytes - limits::kColdItemBytes);
  auto* const item = new StoredItem();
  item->id = cold.id;
  item->put_time = cold.put_time;
  item->payload_bytes = cold.payload_bytes;
  item->record_bytes = cold.record_bytes;
  item->queue = &queue;
  SetHome(*item, cold.home);
  queue.items.PushBack(item);
  queue.ready.PushNew(item);
  return *item;
}

void Namespace::State::FinishCold(Queue& queue, Effects& effects) {
  const ColdItem cold = TakeCold(queue);
  freed_ += limits::kColdItemBytes;
  effects.memory_freed = true;
  ++queue.discarded;
  log_.AddFinished(queue.number, Outcome::kDiscarded, cold.id, queue.settings.durability);
  CountFinished(queue, cold.id);
}

void Namespace::State::Read(std::uint64_t position, ReadFor purpose, Effects& effects) {
  const auto [reading, is_new] = loading_.try_emplace(position);
  if (is_new) effects.loads.push_back(position);
  if (purpose == ReadFor::kGetters) reading->second = ReadFor::kGetters;
}

void Namespace::State::Refill(Queue& queue, Effects& effects) {
  const std::size_t window = Front();
  const ReadyList& ready = queue.ready;
  if (ready.HasFront() && ready.loaded_weight() >= window / 2) return;
  while (!queue.cold.empty() && Weight(ready.bytes(), ready.size()) < window) Thaw(queue);
  if (ready.unloaded() == 0) return;
  std::size_t looked_at = 0;
  ready.VisitInOrder([&](const StoredItem& item) {
    const std::size_t bytes = Weight(item.bytes(), 1);
    // Nothing is loaded that Shed() would take away again: the two would go on for ever.
    if (looked_at > 0 && looked_at + bytes > window) return false;
    if (!item.content) Read(item.home.position, ReadFor::kGetters, effects);
    looked_at += bytes;
    return true;
  });
}

void Namespace::State::Shed(Queue& queue, Effects& effects) {
  if (!Logs(queue)) return;
  const std::size_t window = Window();
  // What is put into a long fifo queue is cold at once: only what comes back, or was read with it, can be too much.
  const std::size_t too_much = queue.settings.order == Order::kFifo ? 2 * window : window;
  if (queue.ready.loaded_weight() <= too_much) return;
  const std::size_t bytes = queue.ready.Shed(window);
  freed_ += bytes;
  if (bytes > 0) effects.memory_freed = true;
}

bool Namespace::State::Loaded(std::uint64_t position, std::string_view contents, TimePoint now, Effects& effects) {
  const auto reading = loading_.find(position);
  const bool is_for_getters = reading != loading_.end() && reading->second == ReadFor::kGetters;
  if (reading != loading_.end()) loading_.erase(reading);
  std::vector<Queue*> touched;
  if (is_for_getters && !FillContents(position, contents, &touched)) return false;
  if (carrying_.positions.erase(position) > 0 && !CarryRead(position, contents)) return false;
  for (Queue* queue : touched) Settle(*queue, now, effects);
  return true;
}

bool Namespace::State::FillContents(std::uint64_t position, std::string_view contents, std::vector<Queue*>* touched) {
  const auto found = homes_.find(position);
  if (found == homes_.end()) return true;  // all of them have gone since
  for (StoredItem* item = found->second.front(); item != nullptr; item = found->second.Next(item)) {
    if (item->content) continue;
    if (!IsWithin(item->home, contents)) return false;
    item->content = ReadContent(contents.substr(item->home.offset, item->home.bytes));
    if (!item->content || item->content->payload.size() != item->payload_bytes) return false;
    budget_.Take(ContentBytes(*item->content));
    if (item->leased()) continue;
    item->queue->ready.Loaded(item);
    if (std::find(touched->begin(), touched->end(), item->queue) == touched->end()) touched->push_back(item->queue);
  }
  return true;
}

}  // namespace sluice::queue
