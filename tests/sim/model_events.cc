// What happens without a command: time, cancellation, the fate of sessions and of replies.
#include <utility>

#include "tests/sim/model.h"

namespace sluice::sim {

void Model::Cancel(OperationId op, Reason reason, TimePoint now, queue::Effects& effects) {
  Start(now);
  if (std::erase_if(waiters_, [&](const ModelWaiter& waiter) { return waiter.op == op; }) > 0) {
    effects.answers.emplace_back(op, Answer::Refused(reason, ""));
  }
  Settle(effects);
  RecallItems(effects);
}

void Model::CancelAll(Reason reason, queue::Effects& effects) {
  for (const ModelWaiter& waiter : waiters_) effects.answers.emplace_back(waiter.op, Answer::Refused(reason, ""));
  waiters_.clear();
}

void Model::Advance(TimePoint now, queue::Effects& effects) {
  Start(now);
  Settle(effects);
  for (;;) {  // leases
    ModelQueue* queue = nullptr;
    std::optional<std::pair<TimePoint, Fence>> first;
    for (auto& [name, candidate] : queues_) {
      for (const ModelItem& item : candidate.items) {
        if (!item.lease || !item.lease->deadline || *item.lease->deadline > now) continue;
        const auto due = std::pair(*item.lease->deadline, item.lease->fence);
        if (first && *first < due) continue;
        first = due;
        queue = &candidate;
      }
    }
    if (!first) break;
    Return(*queue, first->second, Attempt::kCounted);
    Settle(effects);
  }
  for (;;) {  // timeouts
    const ModelWaiter* first = nullptr;
    for (const ModelWaiter& waiter : waiters_) {
      if (!waiter.deadline || *waiter.deadline > now) continue;
      if (first == nullptr || *waiter.deadline < *first->deadline) first = &waiter;
    }
    if (first == nullptr) break;
    const Reason reasons[] = {Reason::kFull, Reason::kEmpty, Reason::kTimeout};
    effects.answers.emplace_back(first->op, Answer::Refused(reasons[first->command.index()], ""));
    waiters_.erase(waiters_.begin() + (first - waiters_.data()));
    Settle(effects);
  }
  RecallItems(effects);
}

void Model::RetryMemory(TimePoint now, queue::Effects& effects) {
  Start(now);
  Settle(effects);
  RecallItems(effects);
}

void Model::SuspendSession(SessionId session, TimePoint now, queue::Effects& effects) {
  Start(now);
  suspended_.insert(session);
  Settle(effects);
  RecallItems(effects);
}

void Model::ResumeSession(SessionId session, TimePoint now, queue::Effects& effects) {
  Start(now);
  suspended_.erase(session);
  std::erase_if(recalled_, [&](const auto& recalled) { return recalled.first == session; });
  Settle(effects);
  RecallItems(effects);
}

void Model::EndSession(SessionId session, TimePoint now, queue::Effects& effects) {
  Start(now);
  suspended_.erase(session);
  std::erase_if(waiters_, [&](const ModelWaiter& waiter) {
    if (waiter.session != session) return false;
    effects.answers.emplace_back(waiter.op, Answer::Refused(Reason::kSessionLost, ""));
    return true;
  });
  for (auto& [name, queue] : queues_) {
    std::vector<Fence> held;
    for (const ModelItem& item : queue.items) {
      if (item.lease && item.lease->session == session) held.push_back(item.lease->fence);
    }
    for (Fence fence : held) Return(queue, fence, Attempt::kCounted);
  }
  Settle(effects);
  RecallItems(effects);
}

void Model::Restart(TimePoint now, queue::Effects& effects) {
  Start(now);
  // Fences that were perhaps given out, and not written down, are never given out again.
  last_fence_ += std::uint64_t{1} << 26;
  recalled_.clear();
  for (auto& [name, queue] : queues_) {
    std::vector<Fence> unconfirmed;  // plain pops whose callers are gone
    for (ModelItem& item : queue.items) {
      if (!item.lease) continue;
      item.lease->in_advance = false;
      if (item.lease->session) suspended_.insert(item.lease->session);
      if (!item.lease->session && !item.lease->deadline) unconfirmed.push_back(item.lease->fence);
    }
    for (const Fence fence : unconfirmed) Return(queue, fence, Attempt::kNotCounted);
  }
  Settle(effects);
  RecallItems(effects);
}

void Model::Delivered(std::span<const Delivery> deliveries, TimePoint now, queue::Effects& effects) {
  Start(now);
  for (const Delivery& delivery : deliveries) {
    for (auto& [name, queue] : queues_) {
      const ModelItem* item = queue.Held(delivery.fence);
      if (item == nullptr || !item->lease->auto_ack) continue;
      ++queue.done;
      queue.Remove(item->id);
    }
  }
  Settle(effects);
  RecallItems(effects);
}

void Model::Undelivered(std::span<const Delivery> deliveries, TimePoint now, queue::Effects& effects) {
  Start(now);
  for (const Delivery& delivery : deliveries) {
    for (auto& [name, queue] : queues_) {
      if (queue.Held(delivery.fence) != nullptr) Return(queue, delivery.fence, Attempt::kNotCounted);
    }
  }
  Settle(effects);
  RecallItems(effects);
}

}  // namespace sluice::sim
