// The ready items of a queue in the order in which they will be got.
//
// New items of a fifo or lifo queue go to one end of a deque; an item that comes back finds its old place through a
// small ordered set beside it. A priority queue keeps all in the set.
// Thread safety: none.
#pragma once

#include <cstddef>
#include <deque>
#include <set>
#include <vector>

#include <sluice/types.h>

#include "common/limits.h"
#include "server/queue/stored_item.h"

namespace sluice::queue {

// Borrows: the items, until each is popped.
class ReadyList {
 public:
  // `sheds`: contents are often dropped from memory, and are to be found.
  ReadyList(Order order, bool sheds) : order_(order), sheds_(sheds), placed_(Before{order}), loaded_(Before{order}) {}

  bool empty() const { return in_line_.empty() && placed_.empty(); }
  std::size_t size() const { return in_line_.size() + placed_.size(); }
  std::size_t bytes() const { return bytes_; }
  // How many contents are not in memory; and what the items take of it that have theirs.
  std::size_t unloaded() const { return unloaded_; }
  std::size_t loaded_weight() const { return loaded_bytes_ + loaded() * limits::kItemOverheadBytes; }
  // True when there is a next one and its content is here.
  bool HasFront() const { return !empty() && Front()->content != nullptr; }
  // An item of the list has got its content.
  void Loaded(StoredItem* item) {
    --unloaded_;
    loaded_bytes_ += item->bytes();
    if (sheds_) loaded_.insert(item);
  }
  // Drops contents, those farthest from the front first, until loaded_weight() is at most `most` or one is left.
  // Returns how many bytes they took. O(all) unless it sheds.
  std::size_t Shed(std::size_t most);

  // Requires: the item's id is above every id pushed before.
  void PushNew(StoredItem* item);
  // An item comes back to its place.
  void PushBack(StoredItem* item);
  // Requires: !empty().
  StoredItem* Front() const;
  StoredItem* PopFront();
  // Brings into the processor's cache what is popped soon: an item that has waited is far away.
  void FetchAhead() const;
  // Visits the items in order until `visit` returns false.
  template <typename Visit>
  void VisitInOrder(Visit visit) const {
    auto line = in_line_.begin();
    auto placed = placed_.begin();
    while (line != in_line_.end() || placed != placed_.end()) {
      const bool take_placed =
          line == in_line_.end() || (placed != placed_.end() && placed_.key_comp()(*placed, *line));
      if (!visit(take_placed ? **placed++ : **line++)) return;
    }
  }
  // The first `max` items in order.
  std::vector<StoredItem*> First(std::size_t max) const;

 private:
  struct Before {
    Order order;
    bool operator()(const StoredItem* a, const StoredItem* b) const;
  };

  std::size_t loaded() const { return size() - unloaded_; }
  bool FrontIsPlaced() const;
  std::size_t Drop(StoredItem& item);
  void Count(StoredItem* item);

  const Order order_;
  const bool sheds_;
  std::size_t bytes_ = 0;
  std::size_t loaded_bytes_ = 0;
  std::size_t unloaded_ = 0;
  std::deque<StoredItem*> in_line_;  // next first
  std::set<StoredItem*, Before> placed_;
  std::set<StoredItem*, Before> loaded_;  // if it sheds
};

}  // namespace sluice::queue
