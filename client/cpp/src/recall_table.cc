#include "client/cpp/src/recall_table.h"

#include <algorithm>

namespace sluice::detail {

void RecallTable::Add(std::string queue, std::weak_ptr<RecallReceiver> receiver) {
  MutexLock lock(mutex_);
  std::erase_if(receivers_, [](const auto& each) { return each.second.expired(); });
  receivers_.emplace_back(std::move(queue), std::move(receiver));
}

void RecallTable::Recall(std::span<const std::string> queues) {
  if (queues.empty()) return;
  std::vector<std::shared_ptr<RecallReceiver>> told;
  {
    MutexLock lock(mutex_);
    for (const auto& [queue, receiver] : receivers_) {
      if (std::find(queues.begin(), queues.end(), queue) == queues.end()) continue;
      if (auto held = receiver.lock()) told.push_back(std::move(held));
    }
  }
  for (const auto& each : told) each->Recalled();
}

}  // namespace sluice::detail
