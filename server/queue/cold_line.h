// The end of a long fifo queue: items that are on the disk alone, oldest first.
//
// Their homes rise with their age, except for those that were carried forward in the log. As these are always taken in
// order of their homes, the line falls into a few stretches in each of which homes rise.
// Thread safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "server/queue/stored_item.h"

namespace sluice::queue {

class ColdLine {
 public:
  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  std::size_t payload_bytes() const { return payload_bytes_; }
  // Requires: !empty().
  const ColdItem& front() const { return items_.front(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

  // Requires: it is younger than all others.
  void PushBack(const ColdItem& item);
  // Requires: !empty().
  ColdItem PopFront();

  // The one that has had its home for the longest. Null: none. Borrows: until the next change.
  const ColdItem* OldestHome() const;
  // That one has a new home, not older than any other.
  void MoveOldest(Home home, std::uint32_t record_bytes);
  // Visits those at home up to `position` in the order in which OldestHome() would name them, until `visit` returns
  // false.
  template <typename Visit>
  void VisitByHome(std::uint64_t position, Visit visit) const {
    std::vector<std::uint64_t> next = stretches_;
    for (;;) {
      const std::size_t stretch = Oldest(next);
      if (stretch == next.size()) return;
      const ColdItem& item = At(next[stretch]++);
      if (item.home.position > position || !visit(item)) return;
    }
  }

 private:
  const ColdItem& At(std::uint64_t number) const { return items_[static_cast<std::size_t>(number - first_)]; }
  // The number behind the last item of a stretch.
  std::uint64_t EndOf(std::size_t stretch) const;
  // Of the items that stand next in each stretch, the stretch of the one with the oldest home; none: their count.
  std::size_t Oldest(const std::vector<std::uint64_t>& next) const;

  std::deque<ColdItem> items_;
  std::size_t payload_bytes_ = 0;
  std::uint64_t first_ = 0;               // items are numbered as they come: the number of the front
  std::vector<std::uint64_t> stretches_;  // the number of the first item of each
};

}  // namespace sluice::queue
