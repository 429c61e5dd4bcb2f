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
  for (Run& run : runs_) Trim(&run);
  std::erase_if(runs_, [](const Run& run) { return run.empty(); });
  return true;
}

ReplayedItem ReplayedLine::PopFront() {
  const std::size_t lowest = Lowest();
  Run& run = runs_[lowest];
  const ReplayedItem item = run.front();
  run.pop_front();
  --size_;
  Trim(&run);
  if (run.empty()) runs_.erase(runs_.begin() + static_cast<std::ptrdiff_t>(lowest));
  return item;
}

std::size_t ReplayedLine::Lowest() const {
  std::size_t lowest = 0;
  for (std::size_t at = 1; at < runs_.size(); ++at) {
    if (runs_[at].front().item.id < runs_[lowest].front().item.id) lowest = at;
  }
  return lowest;
}

void ReplayedLine::Trim(Run* run) {
  while (!run->empty() && IsGone(run->front())) run->pop_front();
  while (!run->empty() && IsGone(run->back())) run->pop_back();
}

}  // namespace sluice::queue
