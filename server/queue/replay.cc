// Recovery: the records of the journal become the namespace that wrote them.
//
// The oldest batches may have been trimmed. So a record may speak of a queue, a session or an item whose own record
// comes later, or never, because it was gone before the log ends. What a record says of something that is not known is
// left out: the record that tells all of it comes later and says it, too.
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
#include "server/queue/replayed_line.h"
#include "server/queue/state.h"

namespace sluice::queue {
namespace {

TimePoint At(std::int64_t microseconds) { return TimePoint(Duration(microseconds)); }

StoredItem* Stored(StoredItem* item, const ReplayedItem& replayed) {
  item->priority = replayed.priority;
  item->put_time = replayed.item.put_time;
  item->payload_bytes = replayed.item.payload_bytes;
  item->record_bytes = replayed.item.record_bytes;
  item->home = replayed.item.home;
  return item;
}

}  // namespace

struct Namespace::State::ReplayedQueue {
  std::unique_ptr<Queue> queue;
  bool defined = false;
  ReplayedLine line;                                                     // items to which nothing has happened
  std::unordered_map<std::uint64_t, std::unique_ptr<StoredItem>> items;  // the others
};

struct Namespace::State::Replayed {
  using OfQueue = ReplayedQueue;

  OfQueue& Of(std::uint64_t number) {
    OfQueue& found = queues[number];
    if (!found.queue) found.queue = std::make_unique<Queue>(number, std::string(), QueueSettings{}, TimePoint{});
    return found;
  }
  // The item, out of the line if it is there. Null: not known.
  static StoredItem* Item(OfQueue& of, std::uint64_t id);
  static StoredItem* AddItem(OfQueue& of, std::uint64_t id);
  // Into the line.
  static void Add(OfQueue& of, const ReplayedItem& item);
  // The lease of the item ended so.
  void NoteSettled(const StoredItem& item, Settled how);

  std::uint64_t position = 0;  // of the batch that is replayed
  std::map<std::uint64_t, OfQueue> queues;
  std::unordered_map<SessionState*, std::deque<std::uint64_t>> settled;  // fences, as they are in it, oldest first
};

StoredItem* Namespace::State::Replayed::AddItem(OfQueue& of, std::uint64_t id) {
  auto& item = of.items[id];
  if (!item) item = std::make_unique<StoredItem>();
  item->id = ItemId{id};
  item->queue = of.queue.get();
  return item.get();
}

StoredItem* Namespace::State::Replayed::Item(OfQueue& of, std::uint64_t id) {
  ReplayedItem replayed;
  if (of.line.Take(ItemId{id}, &replayed)) return Stored(AddItem(of, id), replayed);
  const auto found = of.items.find(id);
  return found == of.items.end() ? nullptr : found->second.get();
}

void Namespace::State::Replayed::Add(OfQueue& of, const ReplayedItem& item) {
  if (ReplayedItem* const known = of.line.Find(item.item.id)) {
    *known = item;
  } else if (!of.line.Add(item)) {
    Stored(AddItem(of, item.item.id.value), item);
  }
}

void Namespace::State::Replayed::NoteSettled(const StoredItem& item, Settled how) {
  if (item.owner == nullptr) return;
  item.owner->settled.emplace(item.fence.value, how);
  auto& fences = settled[item.owner];
  fences.push_back(item.fence.value);
  if (fences.size() <= limits::kSettledLeases) return;
  item.owner->settled.erase(fences.front());
  fences.pop_front();
}

bool Namespace::State::Replay(std::uint64_t position, std::string_view records, std::string* error) {
  if (!replayed_) replayed_ = std::make_shared<Replayed>();
  replayed_->position = position;
  replayed_contents_ = 0;
  const std::size_t bytes = records.size();
  Record record;
  while (!records.empty()) {
    if (!ReadRecord(&records, &record, error)) return false;
    std::visit([this](const auto& one) { Take(one); }, record);
    if (SLUICE_SEEDED_BUG(kSkipTail)) break;
  }
  CountBatch(position, bytes + replayed_contents_);
  return true;
}

void Namespace::State::Take(const QueueRecord& record) {
  ReplayedQueue& of = replayed_->Of(record.queue);
  if (!of.defined) {  // its name and the order of its line are known only now
    of.queue = std::make_unique<Queue>(record.queue, record.name, record.settings, At(record.created_us));
    for (auto& [id, item] : of.items) item->queue = of.queue.get();
    of.defined = true;
  }
  Queue& defined = *of.queue;
  defined.settings = record.settings;
  defined.home = replayed_->position;
  defined.shut_down = record.shut_down;
  defined.immediate = record.immediate;
  defined.put = record.put;
  defined.delivered = record.delivered;
  defined.redelivered = record.redelivered;
  defined.done = record.done;
  defined.dead = record.dead;
  defined.discarded = record.discarded;
  last_queue_ = std::max(last_queue_, record.queue);
}

void Namespace::State::Take(const QueueDeletedRecord& record) { replayed_->queues.erase(record.queue); }

void Namespace::State::Take(const ItemsRecord& record) {
  ReplayedQueue& of = replayed_->Of(record.queue);
  Queue& queue = *of.queue;
  const TimePoint time = At(record.put_time_us);
  std::uint64_t id = record.first_id;
  auto offset = static_cast<std::uint32_t>(record.offset);
  for (const ContentFacts& facts : record.items) {
    const Home home{replayed_->position, offset, static_cast<std::uint32_t>(facts.entry_bytes)};
    const auto payload_bytes = static_cast<std::uint32_t>(facts.payload_bytes);
    Replayed::Add(of, {{ItemId{id}, time, home, payload_bytes, kPutRecordBytes}, facts.priority});
    offset += home.bytes;
    ++id;
  }
  replayed_contents_ += offset - record.offset;
  queue.put += record.items.size();
  last_item_ = std::max(last_item_, id - 1);
  if (SLUICE_SEEDED_BUG(kForgetPut)) return;
  window_.Replay({{record.queue, record.producer, record.sequence},
                  ItemId{record.first_id},
                  static_cast<std::uint32_t>(record.items.size()),
                  time,
                  replayed_->position});
}

void Namespace::State::Take(const ItemRecord& record) {
  ReplayedQueue& of = replayed_->Of(record.queue);
  const Home home{replayed_->position, static_cast<std::uint32_t>(record.offset),
                  static_cast<std::uint32_t>(record.content.entry_bytes)};
  const auto record_bytes = kItemRecordBytes + static_cast<std::uint32_t>(record.last_error.size());
  const ReplayedItem replayed{{ItemId{record.id}, At(record.put_time_us), home,
                               static_cast<std::uint32_t>(record.content.payload_bytes), record_bytes},
                              record.content.priority};
  replayed_contents_ += home.bytes;
  last_item_ = std::max(last_item_, record.id);
  last_fence_ = std::max(last_fence_, record.fence);
  if (record.deliveries == 0 && !of.items.contains(record.id)) return Replayed::Add(of, replayed);
  StoredItem* item = Replayed::Item(of, record.id);
  if (item == nullptr) item = Replayed::AddItem(of, record.id);
  Stored(item, replayed);
  item->attempts = static_cast<std::uint32_t>(record.attempts);
  item->deliveries = static_cast<std::uint32_t>(record.deliveries);
  item->last_error = record.last_error;
  item->fence = Fence{record.fence};
  item->owner = SessionOf(SessionId{record.session});
  item->deadline.reset();
  if (record.deadline_us != 0) item->deadline = At(record.deadline_us);
  item->auto_ack = record.auto_ack;
}

void Namespace::State::Take(const LeasedRecord& record) {
  ReplayedQueue& of = replayed_->Of(record.queue);
  of.queue->delivered += record.items.size();
  of.queue->redelivered += record.redelivered;
  if (SLUICE_SEEDED_BUG(kForgetLease)) return;
  std::uint64_t fence = record.first_fence;
  for (const std::uint64_t id : record.items) {
    if (StoredItem* const item = replayed_->Item(of, id)) {
      item->fence = Fence{fence};
      item->owner = SessionOf(SessionId{record.session});
      item->deadline.reset();
      if (record.deadline_us != 0) item->deadline = At(record.deadline_us);
      item->auto_ack = record.auto_ack;
      ++item->attempts;
      ++item->deliveries;
    }
    last_fence_ = std::max(last_fence_, fence++);
  }
}

void Namespace::State::Take(const ReturnedRecord& record) {
  ReplayedQueue& of = replayed_->Of(record.queue);
  for (const std::uint64_t id : record.items) {
    StoredItem* const item = replayed_->Item(of, id);
    if (item == nullptr) continue;
    replayed_->NoteSettled(*item, Settled::kReturned);
    item->fence = {};
    item->owner = nullptr;
    item->deadline.reset();
    if (!record.counted && item->attempts > 0) --item->attempts;
  }
}

void Namespace::State::Take(const ErrorRecord& record) {
  if (StoredItem* const item = replayed_->Item(replayed_->Of(record.queue), record.item)) {
    item->last_error = record.error;
  }
}

void Namespace::State::Take(const FinishedRecord& record) {
  ReplayedQueue& of = replayed_->Of(record.queue);
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
    replayed_->NoteSettled(*found->second, how);
    of.items.erase(found);
  }
}

void Namespace::State::Take(const ExtendedRecord& record) {
  ReplayedQueue& of = replayed_->Of(record.queue);
  for (const std::uint64_t id : record.items) {
    if (StoredItem* const item = replayed_->Item(of, id)) item->deadline = At(record.deadline_us);
  }
}

void Namespace::State::Take(const SessionRecord& record) {
  SessionState& session = *SessionOf(SessionId{record.session});
  session.token = record.token;
  session.client_name = record.client_name;
  session.lease = record.lease;
  session.home = replayed_->position;
}

void Namespace::State::Take(const SessionEndedRecord& record) {
  // Its leases were given back before, each by a record of its own, or are in trimmed batches.
  const SessionId id{record.session};
  SessionState& session = *SessionOf(id);
  session.home = 0;
  session.token.clear();
  session.settled.clear();
}

void Namespace::State::Take(const RememberedPutRecord& record) {
  window_.Replay({{record.queue, record.producer, record.sequence},
                  ItemId{record.first_id},
                  static_cast<std::uint32_t>(record.count),
                  At(record.time_us),
                  replayed_->position});
}

void Namespace::State::Take(const NumbersRecord& record) {
  last_item_ = std::max(last_item_, record.item);
  last_fence_ = std::max(last_fence_, record.fence);
  last_queue_ = std::max(last_queue_, record.queue);
  numbers_home_ = replayed_->position;
}

bool Namespace::State::EndReplay(std::string* error) {
  if (!replayed_) return true;
  bool forgets = false;  // there are queues whose items were not written down
  for (auto& [number, of] : replayed_->queues) {
    if (!of.defined) {
      *error = "records speak of queue number " + std::to_string(number) + ", of which nothing else is known";
      return false;
    }
    forgets = forgets || !of.queue->durable();
    LinkReplayed(of);
    std::string name = of.queue->name;
    queues_.emplace(std::move(name), std::move(of.queue));
  }
  replayed_.reset();
  last_fence_ += limits_.numbers_skipped;
  if (forgets) last_item_ += limits_.numbers_skipped;
  for (auto& [id, session] : sessions_) session.suspended = true;
  return true;
}

void Namespace::State::LinkReplayed(ReplayedQueue& of) {
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
      LinkReplayed(*Stored(item, replayed));
    }
  };
  for (StoredItem* const item : items) {
    link_line(item->id);
    LinkReplayed(*item);
  }
  if (queue.settings.order != Order::kFifo) link_line(ItemId{last_item_ + 1});
  while (!of.line.empty()) AddCold(queue, of.line.PopFront().item);
  budget_.Take(queue.cold.size() * limits::kColdItemBytes);
}

void Namespace::State::LinkReplayed(StoredItem& item) {
  Queue& queue = *item.queue;
  queue.items.PushBack(&item);
  SetHome(item, item.home);
  budget_.Take(Charge(item));
  if (!item.leased()) {
    queue.ready.PushNew(&item);
    return;
  }
  queue.leased_bytes += item.bytes();
  replayed_leases_.push_back(&item);
  if (item.owner != nullptr) item.owner->leases.PushBack(&item);
  if (item.deadline) lease_deadlines_.emplace(*item.deadline, item.fence);
}

void Namespace::State::AfterReplay(TimePoint now, Effects& effects) {
  window_.EndReplay(now);
  std::vector<StoredItem*> leases = std::exchange(replayed_leases_, {});
  std::sort(leases.begin(), leases.end(), [](const StoredItem* a, const StoredItem* b) { return a->fence < b->fence; });
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
  for (const auto& [name, queue] : queues_) Settle(*queue, now, effects);
}

void Namespace::State::KeepLeases(SessionId session, std::span<const Fence> fences, TimePoint now, Effects& effects) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  std::vector<std::uint64_t> kept;
  for (const Fence fence : fences) kept.push_back(fence.value);
  std::sort(kept.begin(), kept.end());
  if (SLUICE_SEEDED_BUG(kKeepUnheard)) return;
  std::vector<StoredItem*> unknown;
  const auto& leases = found->second.leases;
  for (StoredItem* item = leases.front(); item != nullptr; item = leases.Next(item)) {
    if (!std::binary_search(kept.begin(), kept.end(), item->fence.value)) unknown.push_back(item);
  }
  std::vector<Queue*> touched;
  for (StoredItem* const item : unknown) {
    if (std::find(touched.begin(), touched.end(), item->queue) == touched.end()) touched.push_back(item->queue);
    Return(*item, Attempt::kDoesNotCount, effects);
  }
  for (Queue* const queue : touched) Settle(*queue, now, effects);
}

std::vector<LoggedSession> Namespace::State::sessions() const {
  std::vector<LoggedSession> sessions;
  for (const auto& [id, session] : sessions_) {
    if (session.home != 0) sessions.push_back({id, session.token, session.client_name, session.lease});
  }
  return sessions;
}

void Namespace::State::VisitHomes(const HomeVisitor& visit) const {
  for (const auto& [name, queue] : queues_) {
    for (const StoredItem* item = queue->items.front(); item != nullptr; item = queue->items.Next(item)) {
      if (item->home.position != 0) visit(name, item->id, item->home, item->payload_bytes);
    }
    for (const ColdItem& item : queue->cold) visit(name, item.id, item.home, item.payload_bytes);
  }
}

std::size_t Namespace::State::item_count() const {
  std::size_t count = 0;
  if (replayed_) {
    for (const auto& [number, of] : replayed_->queues) count += of.items.size() + of.line.size();
  }
  for (const auto& [name, queue] : queues_) count += queue->unfinished();
  return count;
}

}  // namespace sluice::queue
