// Items of a queue that recovery has met and to which nothing has happened since: nearly all of a long queue.
//
// The log tells of them nearly in order of their ids. So they stand in a few runs in which ids rise: one for puts, and
// one for each time that the log went round while they were carried forward.
// Thread safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "server/queue/stored_item.h"

namespace sluice::queue {

struct ReplayedItem {
  ColdItem item;
  std::int64_t priority = 0;
};

class ReplayedLine {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // Null: it is not here. Borrows: until the next call that is not const.
  ReplayedItem* Find(ItemId id);
  // False: it fits into no run, and there are enough of them. Requires: it is not here.
  bool Add(const ReplayedItem& item);
  // Takes the one with the id out of the line. False: it is not here.
  bool Take(ItemId id, ReplayedItem* item);
  // The one with the lowest id. Requires: !empty().
  const ReplayedItem& front() const { return runs_[Lowest()].front(); }
  ReplayedItem PopFront();

 private:
  using Run = std::deque<ReplayedItem>;

  // The run with the lowest id.
  std::size_t Lowest() const;
  // Takes what is gone off its ends.
  static void Trim(Run* run);

  std::vector<Run> runs_;  // none is empty; the first and the last of each are here, home 0: one that is not any more
  std::size_t size_ = 0;
};

}  // namespace sluice::queue
