#include "client/cpp/src/recall_table.h"

namespace sluice::detail {

void RecallTable::Add(std::string queue, std::weak_ptr<RecallReceiver> receiver) {
  MutexLock lock(mutex_);
  std::erase_if(receivers_, [](const auto& each) { return each.second.expired(); });
  receivers_.emplace_back(std::move(queue), std::move(receiver));
}

void RecallTable::Recall(const std::string& queue, Fence last) {
  std::vector<std::shared_ptr<RecallReceiver>> told;
  {
    MutexLock lock(mutex_);
    for (const auto& [name, receiver] : receivers_) {
      if (name != queue) continue;
      if (auto held = receiver.lock()) told.push_back(std::move(held));
    }
  }
  for (const auto& each : told) each->Recalled(last);
}

}  // namespace sluice::detail
