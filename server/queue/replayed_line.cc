#include "server/queue/replayed_line.h"

#include <algorithm>

namespace sluice::queue {
namespace {

constexpr std::size_t kMostRuns = 16;  // each is looked through for an id

bool IsGone(const ReplayedItem& item) { return item.item.home.position == 0; }

}  // namespace

ReplayedItem* ReplayedLine::Find(ItemId id) {
  for (Run& run : runs_) {
    if (id < run.front().item.id || run.back().item.id < id) continue;
    const auto found = std::lower_bound(run.begin(), run.end(), id,
                                        [](const ReplayedItem& item, ItemId wanted) { return item.item.id < wanted; });
    if (found->item.id == id && !IsGone(*found)) return &*found;
  }
  return nullptr;
}

bool ReplayedLine::Add(const ReplayedItem& item) {
  Run* best = nullptr;  // leaves room for lower ids in the others
  for (Run& run : runs_) {
    if (!(run.back().item.id < item.item.id)) continue;
    if (best == nullptr || best->back().item.id < run.back().item.id) best = &run;
  }
  if (best == nullptr) {
    if (runs_.size() == kMostRuns) return false;
    best = &runs_.emplace_back();
  }
  best->push_back(item);
  ++size_;
  return true;
}

bool ReplayedLine::Take(ItemId id, ReplayedItem* item) {
  ReplayedItem* const found = Find(id);
  if (found == nullptr) return false;
  *item = *found;
  found->item.home = {};
  --size_;
  for (Run& run : runs_) {
    while (!run.empty() && IsGone(run.front())) run.pop_front();
    while (!run.empty() && IsGone(run.back())) run.pop_back();
  }
  std::erase_if(runs_, [](const Run& run) { return run.empty(); });
  return true;
}

ItemId ReplayedLine::front() const {
  ItemId lowest = runs_.front().front().item.id;
  for (const Run& run : runs_) lowest = std::min(lowest, run.front().item.id);
  return lowest;
}

}  // namespace sluice::queue
