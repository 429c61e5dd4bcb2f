#include "server/queue/ready_list.h"

#include <algorithm>
#include <cassert>
#include <iterator>

namespace sluice::queue {

bool ReadyList::Before::operator()(const StoredItem* a, const StoredItem* b) const {
  switch (order) {
    case Order::kFifo: return a->id < b->id;
    case Order::kLifo: return a->id > b->id;
    case Order::kPriority: break;
  }
  if (a->priority != b->priority) return a->priority < b->priority;
  return a->id < b->id;
}

void ReadyList::Count(StoredItem* item) {
  bytes_ += item->bytes();
  if (item->content) {
    loaded_bytes_ += item->bytes();
    if (sheds_) loaded_.insert(item);
  } else {
    ++unloaded_;
  }
}

void ReadyList::PushNew(StoredItem* item) {
  Count(item);
  switch (order_) {
    case Order::kFifo: in_line_.push_back(item); break;
    case Order::kLifo: in_line_.push_front(item); break;
    case Order::kPriority: placed_.insert(item); break;
  }
}

void ReadyList::PushBack(StoredItem* item) {
  Count(item);
  // The usual case: it was the next one when it was taken, and still is.
  if (order_ != Order::kPriority && (in_line_.empty() || placed_.key_comp()(item, in_line_.front()))) {
    in_line_.push_front(item);
  } else {
    placed_.insert(item);
  }
}

bool ReadyList::FrontIsPlaced() const {
  if (placed_.empty()) return false;
  return in_line_.empty() || placed_.key_comp()(*placed_.begin(), in_line_.front());
}

StoredItem* ReadyList::Front() const {
  assert(!empty());
  return FrontIsPlaced() ? *placed_.begin() : in_line_.front();
}

StoredItem* ReadyList::PopFront() {
  assert(!empty());
  StoredItem* item = nullptr;
  if (FrontIsPlaced()) {
    item = *placed_.begin();
    placed_.erase(placed_.begin());
  } else {
    item = in_line_.front();
    in_line_.pop_front();
  }
  bytes_ -= item->bytes();
  if (item->content) {
    loaded_bytes_ -= item->bytes();
    if (sheds_) loaded_.erase(item);
  } else {
    --unloaded_;
  }
  return item;
}

std::size_t ReadyList::Drop(StoredItem& item) {
  const std::size_t bytes = ContentBytes(*item.content);
  item.content.reset();
  loaded_bytes_ -= item.bytes();
  ++unloaded_;
  return bytes;
}

std::size_t ReadyList::Shed(std::size_t most) {
  const auto is_too_much = [&] { return loaded() > 1 && loaded_weight() > most; };
  std::size_t bytes = 0;
  while (sheds_ && is_too_much()) {
    const auto last = std::prev(loaded_.end());
    bytes += Drop(**last);
    loaded_.erase(last);
  }
  auto line = in_line_.rbegin();
  auto placed = placed_.rbegin();
  while (is_too_much()) {
    const bool take_placed =
        line == in_line_.rend() || (placed != placed_.rend() && placed_.key_comp()(*line, *placed));
    StoredItem& item = take_placed ? **placed++ : **line++;
    if (item.content) bytes += Drop(item);
  }
  return bytes;
}

void ReadyList::FetchAhead() const {
  constexpr std::size_t kItemAhead = 4;
  constexpr std::size_t kContentAhead = 2;
  if (in_line_.size() <= kItemAhead) return;
  FetchToWrite(in_line_[kItemAhead], sizeof(StoredItem));
  FetchContent(*in_line_[kContentAhead]);
}

std::vector<StoredItem*> ReadyList::First(std::size_t max) const {
  std::vector<StoredItem*> items;
  items.reserve(std::min(max, size()));
  if (max == 0) return items;
  VisitInOrder([&](StoredItem& item) {
    items.push_back(&item);
    return items.size() < max;
  });
  return items;
}

}  // namespace sluice::queue
