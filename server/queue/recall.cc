// Items that sessions got in advance and may not have begun: who holds them, and when they are wanted back.
#include "server/queue/state.h"

namespace sluice::queue {

void Namespace::State::HoldInAdvance(StoredItem& item, SessionState& session) {
  Holder& holder = item.queue->holders[session.id];
  item.in_advance = true;
  holder.session = &session;
  holder.recalled = false;
  ++holder.items;
}

void Namespace::State::Unhold(StoredItem& item) {
  item.in_advance = false;
  const auto found = item.queue->holders.find(item.owner->id);
  if (--found->second.items == 0) item.queue->holders.erase(found);
}

void Namespace::State::RecallItems(Effects& effects) {
  for (Queue* queue : maybe_recalls_) {
    if (!queue->RecallsItems()) continue;
    for (auto& [session, holder] : queue->holders) {
      if (holder.recalled || holder.session->suspended) continue;
      holder.recalled = true;
      effects.recalls.push_back({session, queue->name, Fence{last_fence_}});
    }
  }
  maybe_recalls_.clear();
}

}  // namespace sluice::queue
