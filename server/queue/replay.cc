// Recovery: the records of the journal become the namespace that wrote them.
#include "server/queue/replayer.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "common/seeded_bug.h"

namespace sluice::queue {
namespace {

TimePoint At(std::int64_t microseconds) { return TimePoint(Duration(microseconds)); }

StoredItem* Store(const ReplayedItem& replayed, StoredItem* item) {
  item->priority = replayed.priority;
  item->put_time = replayed.item.put_time;
  item->payload_bytes = replayed.item.payload_bytes;
  item->record_bytes = replayed.item.record_bytes;
  item->home = replayed.item.home;
  return item;
}

}  // namespace

// ---- records -----------------------------------------------------------------------------------

bool Namespace::State::Replayer::Read(std::uint64_t position, std::string_view records, std::string* error) {
  position_ = position;
  contents_ = 0;
  const std::size_t bytes = records.size();
  Record record;
  while (!records.empty()) {
    if (!ReadRecord(&records, &record, error)) return false;
    std::visit([this](const auto& one) { Take(one); }, record);
    if (SLUICE_SEEDED_BUG(kSkipTail)) break;
  }
  state_.CountBatch(position, bytes + contents_);
  return true;
}

Namespace::State::Replayer::OfQueue& Namespace::State::Replayer::Of(std::uint64_t number) {
  OfQueue& found = queues_[number];
  if (!found.queue) found.queue = std::make_unique<Queue>(number, std::string(), QueueSettings{}, TimePoint{});
  return found;
}

StoredItem* Namespace::State::Replayer::Add(OfQueue& of, std::uint64_t id) {
  auto& item = of.items[id];
  if (!item) item = std::make_unique<StoredItem>();
  item->id = ItemId{id};
  item->queue = of.queue.get();
  return item.get();
}

StoredItem* Namespace::State::Replayer::Find(OfQueue& of, std::uint64_t id) {
  ReplayedItem replayed;
  if (of.line.Take(ItemId{id}, &replayed)) return Store(replayed, Add(of, id));
  const auto found = of.items.find(id);
  return found == of.items.end() ? nullptr : found->second.get();
}

void Namespace::State::Replayer::AddToLine(OfQueue& of, const ReplayedItem& item) {
  if (ReplayedItem* const known = of.line.Find(item.item.id)) {
    *known = item;
  } else if (!of.line.Add(item)) {
    Store(item, Add(of, item.item.id.value));
  }
}

void Namespace::State::Replayer::NoteSettled(const StoredItem& item, Settled how) {
  if (item.owner == nullptr) return;
  item.owner->settled.emplace(item.fence.value, how);
  auto& fences = settled_[item.owner];
  fences.push_back(item.fence.value);
  if (fences.size() <= state_.limits_.settled_leases) return;
  item.owner->settled.erase(fences.front());
  fences.pop_front();
}

template <typename One>
void Namespace::State::Replayer::SetLease(StoredItem& item, std::uint64_t fence, const One& record) {
  item.fence = Fence{fence};
  item.owner = state_.SessionOf(SessionId{record.session});
  item.deadline.reset();
  if (record.deadline_us != 0) item.deadline = At(record.deadline_us);
  item.auto_ack = record.auto_ack;
}

void Namespace::State::Replayer::Take(const QueueRecord& record) {
  OfQueue& of = Of(record.queue);
  if (!of.defined) {  // its name and the order of its line are known only now
    of.queue = std::make_unique<Queue>(record.queue, record.name, record.settings, At(record.created_us));
    for (auto& [id, item] : of.items) item->queue = of.queue.get();
    of.defined = true;
  }
  Queue& defined = *of.queue;
  defined.settings = record.settings;
  defined.home = position_;
  defined.shut_down = record.shut_down;
  defined.immediate = record.immediate;
  defined.put = record.put;
  defined.delivered = record.delivered;
  defined.redelivered = record.redelivered;
  defined.done = record.done;
  defined.dead = record.dead;
  defined.discarded = record.discarded;
  state_.last_queue_ = std::max(state_.last_queue_, record.queue);
}

void Namespace::State::Replayer::Take(const QueueDeletedRecord& record) { queues_.erase(record.queue); }

void Namespace::State::Replayer::Take(const ItemsRecord& record) {
  OfQueue& of = Of(record.queue);
  Queue& queue = *of.queue;
  const TimePoint time = At(record.put_time_us);
  std::uint64_t id = record.first_id;
  auto offset = static_cast<std::uint32_t>(record.offset);
  for (const ContentFacts& facts : record.items) {
    const Home home{position_, offset, static_cast<std::uint32_t>(facts.entry_bytes)};
    const auto payload_bytes = static_cast<std::uint32_t>(facts.payload_bytes);
    AddToLine(of, {{ItemId{id}, time, home, payload_bytes}, facts.priority});
    offset += home.bytes;
    ++id;
  }
  contents_ += offset - record.offset;
  queue.put += record.items.size();
  state_.last_item_ = std::max(state_.last_item_, id - 1);
  if (SLUICE_SEEDED_BUG(kForgetPut)) return;
  Take(RememberedPutRecord{record.queue, record.producer, record.sequence, record.first_id, record.items.size(),
                           record.put_time_us});
}

void Namespace::State::Replayer::Take(const ItemRecord& record) {
  OfQueue& of = Of(record.queue);
  const Home home{position_, static_cast<std::uint32_t>(record.offset),
                  static_cast<std::uint32_t>(record.content.entry_bytes)};
  const auto record_bytes = kItemRecordBytes + static_cast<std::uint32_t>(record.last_error.size());
  const ReplayedItem replayed{{ItemId{record.id}, At(record.put_time_us), home,
                               static_cast<std::uint32_t>(record.content.payload_bytes), record_bytes},
                              record.content.priority};
  contents_ += home.bytes;
  state_.last_item_ = std::max(state_.last_item_, record.id);
  state_.last_fence_ = std::max(state_.last_fence_, record.fence);
  if (record.deliveries == 0 && !of.items.contains(record.id)) return AddToLine(of, replayed);
  StoredItem* item = Find(of, record.id);
  if (item == nullptr) item = Add(of, record.id);
  Store(replayed, item);
  item->attempts = static_cast<std::uint32_t>(record.attempts);
  item->deliveries = static_cast<std::uint32_t>(record.deliveries);
  item->last_error = record.last_error;
  SetLease(*item, record.fence, record);
}

void Namespace::State::Replayer::Take(const LeasedRecord& record) {
  OfQueue& of = Of(record.queue);
  of.queue->delivered += record.items.size();
  of.queue->redelivered += record.redelivered;
  if (SLUICE_SEEDED_BUG(kForgetLease)) return;
  std::uint64_t fence = record.first_fence;
  for (const std::uint64_t id : record.items) {
    if (StoredItem* const item = Find(of, id)) {
      SetLease(*item, fence, record);
      ++item->attempts;
      ++item->deliveries;
    }
    state_.last_fence_ = std::max(state_.last_fence_, fence++);
  }
}

void Namespace::State::Replayer::Take(const ReturnedRecord& record) {
  OfQueue& of = Of(record.queue);
  for (const std::uint64_t id : record.items) {
    StoredItem* const item = Find(of, id);
    if (item == nullptr) continue;
    NoteSettled(*item, Settled::kReturned);
    item->fence = {};
    item->owner = nullptr;
    item->deadline.reset();
    if (!record.counted && item->attempts > 0) --item->attempts;
  }
}

void Namespace::State::Replayer::Take(const ErrorRecord& record) {
  if (StoredItem* const item = Find(Of(record.queue), record.item)) {
    item->last_error = record.error;
  }
}

void Namespace::State::Replayer::Take(const FinishedRecord& record) {
  OfQueue& of = Of(record.queue);
  Queue& queue = *of.queue;
  switch (record.outcome) {
    case Outcome::kDone: queue.done += record.items.size() * (SLUICE_SEEDED_BUG(kCountTwice) ? 2 : 1); break;
    case Outcome::kDead: queue.dead += record.items.size(); break;
    case Outcome::kDiscarded: queue.discarded += record.items.size(); break;
  }
  const Settled how = record.outcome == Outcome::kDone ? Settled::kDone : Settled::kReturned;
  for (const std::uint64_t id : record.items) {
    ReplayedItem discarded;
    if (of.line.Take(ItemId{id}, &discarded)) continue;
    const auto found = of.items.find(id);
    if (found == of.items.end()) continue;
    NoteSettled(*found->second, how);
    of.items.erase(found);
  }
}

void Namespace::State::Replayer::Take(const ExtendedRecord& record) {
  OfQueue& of = Of(record.queue);
  for (const std::uint64_t id : record.items) {
    if (StoredItem* const item = Find(of, id)) item->deadline = At(record.deadline_us);
  }
}

void Namespace::State::Replayer::Take(const SessionRecord& record) {
  SessionState& session = *state_.SessionOf(SessionId{record.session});
  session.token = record.token;
  session.client_name = record.client_name;
  session.lease = record.lease;
  session.home = position_;
}

void Namespace::State::Replayer::Take(const SessionEndedRecord& record) {
  // Its leases were given back before, each by a record of its own, or are in trimmed batches.
  const SessionId id{record.session};
  SessionState& session = *state_.SessionOf(id);
  session.home = 0;
  session.token.clear();
  session.settled.clear();
}

void Namespace::State::Replayer::Take(const RememberedPutRecord& record) {
  state_.window_.Replay({{record.queue, record.producer, record.sequence},
                         ItemId{record.first_id},
                         static_cast<std::uint32_t>(record.count),
                         At(record.time_us),
                         position_});
}

void Namespace::State::Replayer::Take(const NumbersRecord& record) {
  state_.last_item_ = std::max(state_.last_item_, record.item);
  state_.last_fence_ = std::max(state_.last_fence_, record.fence);
  state_.last_queue_ = std::max(state_.last_queue_, record.queue);
  state_.numbers_home_ = position_;
}

std::size_t Namespace::State::Replayer::item_count() const {
  std::size_t count = 0;
  for (const auto& [number, of] : queues_) count += of.items.size() + of.line.size();
  return count;
}

// ---- the end -----------------------------------------------------------------------------------

bool Namespace::State::Replayer::HandOver(std::string* error) {
  bool forgets = false;  // there are queues whose items were not written down
  for (auto& [number, of] : queues_) {
    if (!of.defined) {
      *error = "records speak of queue number " + std::to_string(number) + ", of which nothing else is known";
      return false;
    }
    forgets = forgets || !of.queue->durable();
    LinkAll(of);
    std::string name = of.queue->name;
    state_.queues_.emplace(std::move(name), std::move(of.queue));
  }
  queues_.clear();
  state_.last_fence_ += state_.limits_.numbers_skipped;
  if (forgets) state_.last_item_ += state_.limits_.numbers_skipped;
  for (auto& [id, session] : state_.sessions_) session.suspended = true;
  return true;
}

void Namespace::State::Replayer::LinkAll(OfQueue& of) {
  Queue& queue = *of.queue;
  std::vector<StoredItem*> items;
  items.reserve(of.items.size());
  for (auto& [id, item] : of.items) items.push_back(item.release());
  of.items.clear();
  std::sort(items.begin(), items.end(), [](const StoredItem* a, const StoredItem* b) { return a->id < b->id; });
  const auto link_line = [&](ItemId before) {
    while (!of.line.empty() && of.line.front().item.id < before) {
      const ReplayedItem replayed = of.line.PopFront();
      auto* const item = new StoredItem();
      item->id = replayed.item.id;
      item->queue = &queue;
      Link(*Store(replayed, item));
    }
  };
  for (StoredItem* const item : items) {
    link_line(item->id);
    Link(*item);
  }
  if (queue.settings.order != Order::kFifo) link_line(ItemId{state_.last_item_ + 1});
  while (!of.line.empty()) state_.AddCold(queue, of.line.PopFront().item);
  state_.budget_.Take(queue.cold.size() * limits::kColdItemBytes);
}

void Namespace::State::Replayer::Link(StoredItem& item) {
  Queue& queue = *item.queue;
  queue.items.PushBack(&item);
  state_.SetHome(item, item.home);
  state_.budget_.Take(Charge(item));
  if (!item.leased()) {
    queue.ready.PushNew(&item);
    return;
  }
  queue.leased_bytes += item.bytes();
  leases_.push_back(&item);
  if (item.owner != nullptr) item.owner->leases.PushBack(&item);
  if (item.deadline) state_.lease_deadlines_.emplace(*item.deadline, item.fence);
}

std::vector<StoredItem*> Namespace::State::Replayer::TakeLeases() {
  std::sort(leases_.begin(), leases_.end(),
            [](const StoredItem* a, const StoredItem* b) { return a->fence < b->fence; });
  return std::move(leases_);
}

// ---- of the namespace --------------------------------------------------------------------------

bool Namespace::State::Replay(std::uint64_t position, std::string_view records, std::string* error) {
  if (!replayer_) replayer_ = std::make_unique<Replayer>(*this);
  return replayer_->Read(position, records, error);
}

bool Namespace::State::EndReplay(std::string* error) { return !replayer_ || replayer_->HandOver(error); }

void Namespace::State::AfterReplay(TimePoint now, Effects& effects) {
  if (!replayer_) return;
  const std::vector<StoredItem*> leases = replayer_->TakeLeases();
  replayer_.reset();
  window_.EndReplay(now);
  for (StoredItem* item : leases) leases_.Add(item->fence.value, std::move(item));
  for (StoredItem* const item : leases) {
    if (item->owner == nullptr && !item->deadline) {  // a plain pop that nobody can confirm any more
      Return(*item, Attempt::kDoesNotCount, effects);
    } else {
      Read(item->home.position, ReadFor::kGetters, effects);  // as before the restart: what comes back is there
    }
  }
  std::vector<SessionId> unknown;  // their ends, or their beginnings, are not in the log any more
  for (const auto& [id, session] : sessions_) {
    if (session.home == 0) unknown.push_back(id);
  }
  for (const SessionId id : unknown) EndSession(id, now, effects);
  for (const auto& [name, queue] : queues_) NotePaged(*queue);  // before any of them reads ahead
  for (const auto& [name, queue] : queues_) Settle(*queue, now, effects);
}

}  // namespace sluice::queue
