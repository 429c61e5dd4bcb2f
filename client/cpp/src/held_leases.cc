#include "client/cpp/src/held_leases.h"

#include <algorithm>

namespace sluice::detail {
namespace {

constexpr std::size_t kQueuesKept = 64;  // without leases: for the next one

}  // namespace

// ---- of one queue ----

std::deque<HeldFences::Entry>::iterator HeldFences::Find(Fence fence) {
  if (!entries_.empty() && entries_.front().fence >= fence) return entries_.begin();
  return std::lower_bound(entries_.begin(), entries_.end(), fence,
                          [](const Entry& entry, Fence wanted) { return entry.fence < wanted; });
}

void HeldFences::Add(Fence fence) {
  if (entries_.empty() || entries_.back().fence < fence) {
    entries_.push_back({fence, true});
    return;
  }
  const auto at = Find(fence);
  if (at->fence != fence) {
    entries_.insert(at, {fence, true});
  } else if (!std::exchange(at->held, true)) {
    --gone_;
  }
}

void HeldFences::Remove(Fence fence) {
  const auto at = Find(fence);
  if (at == entries_.end() || at->fence != fence || !std::exchange(at->held, false)) return;
  ++gone_;
  for (; !entries_.empty() && !entries_.front().held; --gone_) entries_.pop_front();
  if (gone_ <= entries_.size() / 2) return;
  std::erase_if(entries_, [](const Entry& entry) { return !entry.held; });
  gone_ = 0;
}

// ---- of all ----

HeldLeases::Queues::iterator HeldLeases::Find(const Key& key) {
  if (last_ != queues_.end() && last_->first.second == key.second && last_->first.first == key.first) return last_;
  return last_ = queues_.find(key);
}

void HeldLeases::Add(std::string_view space, std::string_view queue, const std::vector<Delivery>& deliveries) {
  if (Find({space, queue}) == queues_.end())
    last_ = queues_.try_emplace({std::string(space), std::string(queue)}).first;
  for (const Delivery& delivery : deliveries) last_->second.Add(delivery.fence);
}

void HeldLeases::Remove(std::string_view space, std::string_view queue, const std::vector<Fence>& fences) {
  if (Find({space, queue}) == queues_.end()) return;
  for (const Fence fence : fences) last_->second.Remove(fence);
  if (!last_->second.empty() || queues_.size() <= kQueuesKept) return;
  queues_.erase(last_);
  last_ = queues_.end();
}

void HeldLeases::Clear() {
  queues_.clear();
  last_ = queues_.end();
}

v1::Holding HeldLeases::Name() const {
  v1::Holding holding;
  for (const auto& [name, fences] : queues_) {
    if (fences.empty()) continue;
    v1::HeldLeases* leases = holding.add_leases();
    leases->set_queue(name.first + "/" + name.second);
    leases->mutable_fences()->Reserve(static_cast<int>(fences.size()));
    fences.ForEach([&](Fence fence) { leases->add_fences(fence.value); });
  }
  return holding;
}

}  // namespace sluice::detail
