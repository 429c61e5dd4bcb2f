// What a namespace says to its log.
#include <chrono>
#include <utility>

#include "common/seeded_bug.h"
#include "server/queue/state.h"

namespace sluice::queue {
namespace {

// A queue that lives in memory is there again after a restart, empty.
Durability LevelOf(const Queue& queue) { return std::max(queue.settings.durability, Durability::kAsync); }

}  // namespace

void Namespace::State::StartLog(std::uint64_t position) {
  log_.Start(position);
  TellNumbers();
}

void Namespace::State::TellNumbers() {
  numbers_told_ = last_item_ + last_fence_;
  if (!log_.started()) return;
  LogNumbers(Durability::kFsync);
  numbered_ = log_.position();
}

void Namespace::State::LogNumbers(Durability level) {
  log_.Add(NumbersRecord{last_item_, last_fence_, last_queue_}, level);
  numbers_home_ = log_.position();
}

void Namespace::State::LogQueue(Queue& queue) {
  if (!log_.started()) return;
  QueueRecord record;
  record.queue = queue.number;
  record.name = queue.name;
  record.settings = queue.settings;
  record.created_us = Microseconds(queue.created);
  record.shut_down = queue.shut_down;
  record.immediate = queue.immediate;
  if (queue.durable()) {
    record.put = queue.put;
    record.delivered = queue.delivered;
    record.redelivered = queue.redelivered;
    record.done = queue.done;
    record.dead = queue.dead;
    record.discarded = queue.discarded;
  }
  log_.Add(record, LevelOf(queue));
  queue.home = log_.position();
}

void Namespace::State::LogQueueDeleted(const Queue& queue) {
  if (log_.started()) log_.Add(QueueDeletedRecord{queue.number}, LevelOf(queue));
}

void Namespace::State::EnterSession(LoggedSession session) {
  SessionState& state = *SessionOf(session.id);
  state.token = std::move(session.token);
  state.client_name = std::move(session.client_name);
  state.lease = session.lease;
}

void Namespace::State::LogSession(SessionState& session) {
  log_.Add(SessionRecord{session.id.value, session.token, session.client_name, session.lease}, Durability::kMemory);
  session.home = log_.position();
}

std::vector<Home> Namespace::State::LogPut(const Queue& queue, const std::vector<ContentPtr>& contents,
                                           const PutName& name, ItemId first, TimePoint now) {
  ItemsRecord record;
  record.queue = queue.number;
  record.first_id = first.value;
  record.put_time_us = Microseconds(now);
  record.producer = name.producer;
  record.sequence = name.sequence;
  record.offset = log_.contents_bytes();
  record.items.reserve(contents.size());
  std::vector<Home> homes;
  homes.reserve(contents.size());
  for (const ContentPtr& content : contents) {
    const auto offset = static_cast<std::uint32_t>(log_.contents_bytes());
    const std::size_t entry_bytes = log_.AddContent(*content);
    homes.push_back({log_.position(), offset, static_cast<std::uint32_t>(entry_bytes)});
    record.items.push_back({content->priority, content->payload.size(), entry_bytes});
  }
  log_.Add(record, SLUICE_SEEDED_BUG(kPromiseTooMuch) ? Durability::kAsync : queue.settings.durability);
  log_.SetAdds();
  return homes;
}

// Does not wait for anything: it is written with what comes next. A restart that comes first gives the item to another.
void Namespace::State::LogLeased(const Queue& queue, const std::vector<Delivery>& deliveries,
                                 std::uint64_t redelivered) {
  const StoredItem& first = *FindLease(deliveries.front().fence);
  if (first.owner != nullptr && first.owner->home == 0) LogSession(*first.owner);
  LeasedRecord record;
  record.queue = queue.number;
  record.first_fence = first.fence.value;
  record.session = first.owner != nullptr ? first.owner->id.value : 0;
  record.deadline_us = first.deadline ? Microseconds(*first.deadline) : 0;
  record.auto_ack = first.auto_ack;
  record.redelivered = redelivered;
  record.items.reserve(deliveries.size());
  for (const Delivery& delivery : deliveries) record.items.push_back(delivery.id.value);
  log_.Add(record, Durability::kMemory);
}

void Namespace::State::LogExtended(const Queue& queue, const std::vector<StoredItem*>& items) {
  if (!Logs(queue)) return;
  ExtendedRecord record;
  record.queue = queue.number;
  for (const StoredItem* item : items) {
    if (!item->deadline) continue;
    record.deadline_us = Microseconds(*item->deadline);
    record.items.push_back(item->id.value);
  }
  if (!record.items.empty()) log_.Add(record, queue.settings.durability);
}

void Namespace::State::SetHome(StoredItem& item, Home home) {
  item.home = home;
  homes_[home.position].PushBack(&item);
  live_bytes_ += LogBytes(item);
}

void Namespace::State::LeaveHome(StoredItem& item) {
  if (item.home.position == 0) return;
  const auto found = homes_.find(item.home.position);
  found->second.Erase(&item);
  if (found->second.empty()) homes_.erase(found);
  live_bytes_ -= LogBytes(item);
  item.home = {};
}

void Namespace::State::VisitHomes(const HomeVisitor& visit) const {
  for (const auto& [name, queue] : queues_) {
    for (const StoredItem* item = queue->items.front(); item != nullptr; item = queue->items.Next(item)) {
      if (item->home.position != 0) visit(name, item->id, item->home, item->payload_bytes);
    }
    for (const ColdItem& item : queue->cold) visit(name, item.id, item.home, item.payload_bytes);
  }
}

}  // namespace sluice::queue
