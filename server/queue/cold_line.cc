#include "server/queue/cold_line.h"

namespace sluice::queue {

void ColdLine::PushBack(const ColdItem& item) {
  const bool rises = !items_.empty() && items_.back().home.position <= item.home.position;
  if (!rises) stretches_.push_back(first_ + items_.size());
  items_.push_back(item);
  payload_bytes_ += item.payload_bytes;
}

ColdItem ColdLine::PopFront() {
  const ColdItem item = items_.front();
  items_.pop_front();
  payload_bytes_ -= item.payload_bytes;
  stretches_.front() = ++first_;
  if (EndOf(0) == first_) stretches_.erase(stretches_.begin());
  return item;
}

std::uint64_t ColdLine::EndOf(std::size_t stretch) const {
  return stretch + 1 < stretches_.size() ? stretches_[stretch + 1] : first_ + items_.size();
}

std::size_t ColdLine::Oldest(const std::vector<std::uint64_t>& next) const {
  std::size_t oldest = next.size();
  for (std::size_t stretch = 0; stretch < next.size(); ++stretch) {
    if (next[stretch] == EndOf(stretch)) continue;
    if (oldest == next.size() || At(next[stretch]).home.position < At(next[oldest]).home.position) oldest = stretch;
  }
  return oldest;
}

const ColdItem* ColdLine::OldestHome() const { return items_.empty() ? nullptr : &At(stretches_[Oldest(stretches_)]); }

void ColdLine::MoveOldest(Home home, std::uint32_t record_bytes) {
  std::size_t stretch = Oldest(stretches_);
  const std::uint64_t number = stretches_[stretch];
  ColdItem& item = items_[static_cast<std::size_t>(number - first_)];
  item.home = home;
  item.record_bytes = record_bytes;
  // It becomes the last of the stretch before, or begins one.
  if (stretch == 0) stretches_.insert(stretches_.begin() + stretch++, number);
  stretches_[stretch] = number + 1;
  if (EndOf(stretch) == number + 1) stretches_.erase(stretches_.begin() + static_cast<std::ptrdiff_t>(stretch));
}

}  // namespace sluice::queue
