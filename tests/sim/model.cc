#include "tests/sim/model.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "common/limits.h"

namespace sluice::sim {
namespace {

std::size_t PayloadBytes(const Put& put) {
  std::size_t bytes = 0;
  for (const ContentPtr& item : put.items) bytes += item->payload.size();
  return bytes;
}

std::size_t Charge(const Content& content) { return ContentBytes(content) + limits::kItemOverheadBytes; }

std::size_t Charge(const Put& put) {
  std::size_t bytes = 0;
  for (const ContentPtr& item : put.items) bytes += Charge(*item);
  return bytes;
}

Answer NotFound() { return Answer::Refused(Reason::kQueueNotFound, ""); }

std::size_t Ready(const ModelQueue& queue) {
  return static_cast<std::size_t>(
      std::count_if(queue.items.begin(), queue.items.end(), [](const ModelItem& item) { return !item.lease; }));
}

// What the bounds count.
std::int64_t CountedItems(const ModelQueue& queue) {
  return static_cast<std::int64_t>(queue.settings.count_leased ? queue.items.size() : Ready(queue));
}

std::int64_t CountedBytes(const ModelQueue& queue) {
  std::int64_t bytes = 0;
  for (const ModelItem& item : queue.items) {
    if (!item.lease || queue.settings.count_leased) bytes += static_cast<std::int64_t>(item.content->payload.size());
  }
  return bytes;
}

bool ComesFirst(Order order, const ModelItem& a, const ModelItem& b) {
  switch (order) {
    case Order::kFifo: return a.id < b.id;
    case Order::kLifo: return b.id < a.id;
    case Order::kPriority: return std::pair(a.content->priority, a.id) < std::pair(b.content->priority, b.id);
  }
  return false;
}

QueueCounts CountsOf(const std::string& name, const ModelQueue& queue) {
  return {name, queue.done, queue.dead, 0, queue.discarded};
}

}  // namespace

std::size_t ContentBytes(const Content& content) {
  std::size_t bytes = content.payload.size() + content.content_type.size();
  for (const auto& [name, value] : content.headers) bytes += name.size() + value.size();
  return bytes;
}

ModelItem* ModelQueue::Held(Fence fence) {
  for (ModelItem& item : items) {
    if (item.lease && item.lease->fence == fence) return &item;
  }
  return nullptr;
}

void ModelQueue::Remove(ItemId id) {
  std::erase_if(items, [id](const ModelItem& item) { return item.id == id; });
}

// ---- waiting -----------------------------------------------------------------------------------

bool Model::Apply(OperationId op, SessionId session, const Command& command, TimePoint now, bool may_wait,
                  queue::Effects& effects) {
  Start(now);
  Tried answer = std::visit(
      [&]<typename C>(const C& c) -> Tried {
        if constexpr (std::is_same_v<C, Put> || std::is_same_v<C, Get> || std::is_same_v<C, Join>) {
          return TryOrWait(op, session, c, may_wait);
        } else if constexpr (std::is_same_v<C, DeleteQueue>) {
          return Delete(c, effects);
        } else {
          return Run(c);
        }
      },
      command);
  const bool waits = !answer;
  if (answer) effects.answers.emplace_back(op, *std::move(answer));
  Settle(effects);
  RecallItems(effects);
  return waits;
}

template <typename Waiting>
Model::Tried Model::TryOrWait(OperationId op, SessionId session, const Waiting& command, bool may_wait) {
  if constexpr (!std::is_same_v<Waiting, Join>) {
    Answer created = CreateIfMissing(command.queue, command.create);
    if (!created.ok()) return created;
  }
  Call call{session, waiters_.size(), !suspended_.contains(session), {}, /*waits=*/false, op};
  if constexpr (std::is_same_v<Waiting, Join>) {
    if (command.only_put_before) call.before = ItemId{last_item_ + 1};
  }
  if (Tried answer = Try(command, call)) return answer;

  constexpr Reason kAtTimeout = std::is_same_v<Waiting, Put>   ? Reason::kFull
                                : std::is_same_v<Waiting, Get> ? Reason::kEmpty
                                                               : Reason::kTimeout;
  if (command.timeout == std::chrono::milliseconds(0)) return Answer::Refused(kAtTimeout, "");
  if (!may_wait) return Answer::Refused(Reason::kLimitReached, "");
  if constexpr (std::is_same_v<Waiting, Put>) {
    if (MemoryParked() + Charge(command) > memory_limit_ / 4) return Answer::Refused(Reason::kFull, "");
  }
  std::optional<TimePoint> deadline;
  if (command.timeout) deadline = now_ + *command.timeout;
  waiters_.push_back({op, session, command, deadline, call.before});
  return std::nullopt;
}

void Model::Follow(const queue::Effects& core, bool paged) {
  followed_.clear();
  delivered_.clear();
  for (const auto& [op, answer] : core.answers) {
    followed_.emplace(op, followed_.size());
    const auto* got = std::get_if<GetResult>(&answer.result);
    if (paged && got != nullptr) delivered_.emplace(op, got->deliveries.size());
  }
}

// Joins first: the instant at which nothing was unfinished is gone when a waiting put has come in.
void Model::Settle(queue::Effects& effects) {
  while (AnswerOne(/*joins=*/true, effects) || AnswerOne(/*joins=*/false, effects)) {
  }
}

bool Model::WantsItemsBack(const std::string& name, const ModelQueue& queue) const {
  if (queue.discards) return true;
  return !queue.settings.paused && std::any_of(waiters_.begin(), waiters_.end(), [&](const ModelWaiter& waiter) {
    const Get* get = std::get_if<Get>(&waiter.command);
    return get != nullptr && get->queue == name && get->prefetch != Prefetch::kAhead &&
           !suspended_.contains(waiter.session);
  });
}

void Model::RecallItems(queue::Effects& effects) {
  for (const auto& [name, queue] : queues_) {
    if (!WantsItemsBack(name, queue)) continue;
    for (const ModelItem& item : queue.items) {
      if (!item.lease || !item.lease->in_advance || suspended_.contains(item.lease->session)) continue;
      if (!recalled_.emplace(item.lease->session, name).second) continue;
      effects.recalls.push_back({item.lease->session, name, Fence{last_fence_}});
    }
  }
}

bool Model::AnswerOne(bool joins, queue::Effects& effects) {
  std::vector<std::pair<std::size_t, std::size_t>> candidates;  // rank in the core's answers, place
  for (std::size_t place = 0; place < waiters_.size(); ++place) {
    if (std::holds_alternative<Join>(waiters_[place].command) != joins) continue;
    const auto rank = followed_.find(waiters_[place].op);
    candidates.emplace_back(rank == followed_.end() ? followed_.size() : rank->second, place);
  }
  std::sort(candidates.begin(), candidates.end());
  for (const auto& [rank, place] : candidates) {
    const ModelWaiter& waiter = waiters_[place];
    const Call call{waiter.session, place,          !suspended_.contains(waiter.session),
                    waiter.before,  /*waits=*/true, waiter.op};
    Tried answer = std::visit([&](const auto& command) { return Try(command, call); }, waiter.command);
    if (!answer) continue;
    effects.answers.emplace_back(waiter.op, *std::move(answer));
    waiters_.erase(waiters_.begin() + static_cast<std::ptrdiff_t>(place));
    return true;
  }
  return false;
}

// Does a put on this queue that may be served wait before `place`?
bool Model::PutLineIsBusy(const std::string& queue, std::size_t place) const {
  return std::any_of(waiters_.begin(), waiters_.begin() + static_cast<std::ptrdiff_t>(place), [&](const auto& other) {
    const Put* put = std::get_if<Put>(&other.command);
    return put != nullptr && put->queue == queue && !suspended_.contains(other.session);
  });
}

// The same for a get: all that are in earnest stand before all that look ahead.
bool Model::GetLineIsBusy(const Get& get, std::size_t place) const {
  const bool ahead = get.prefetch == Prefetch::kAhead;
  for (std::size_t i = 0; i < waiters_.size(); ++i) {
    const Get* other = std::get_if<Get>(&waiters_[i].command);
    if (i == place || other == nullptr || other->queue != get.queue || suspended_.contains(waiters_[i].session))
      continue;
    const bool other_ahead = other->prefetch == Prefetch::kAhead;
    if (ahead == other_ahead ? i < place : ahead) return true;
  }
  return false;
}

// For items of the same queue, in earnest.
std::size_t Model::OthersThatWait(const Get& get, std::size_t place) const {
  std::size_t others = 0;
  for (std::size_t i = 0; i < waiters_.size(); ++i) {
    const Get* other = std::get_if<Get>(&waiters_[i].command);
    if (i == place || other == nullptr) continue;
    others += other->queue == get.queue && other->prefetch != Prefetch::kAhead;
  }
  return others;
}

Model::Tried Model::Try(const Put& put, const Call& call) {
  ModelQueue* queue = Find(put.queue);
  if (queue == nullptr) return NotFound();
  const std::tuple name(put.queue, put.producer, put.sequence);
  const auto known = remembered_.find(name);
  const bool again = known != remembered_.end();
  if (!again || call.waits) {
    if (queue->shut_down) return Answer::Refused(Reason::kShutDown, "");
    if (CanNeverFit(*queue, put)) return Answer::Refused(Reason::kTooLarge, "");
    if (!call.may_be_served || PutLineIsBusy(put.queue, call.place)) return std::nullopt;
  }
  if (again) {
    return Answer::Ok(PutResult{known->second.first, known->second.count, Reached(*queue), /*duplicate=*/true});
  }
  if (!Fits(*queue, put)) return std::nullopt;

  const PutResult result{ItemId{last_item_ + 1}, static_cast<std::uint32_t>(put.items.size()), Reached(*queue)};
  for (const ContentPtr& content : put.items) {
    queue->items.push_back({ItemId{++last_item_}, content, now_, 0, false, "", std::nullopt});
    ++queue->put;
  }
  if (!put.producer.empty()) remembered_.emplace(name, result);
  return Answer::Ok(result);
}

Model::Tried Model::Try(const Get& get, const Call& call) {
  ModelQueue* queue = Find(get.queue);
  if (queue == nullptr) return NotFound();
  const bool ready = Ready(*queue) > 0;
  if (ready && !queue->settings.paused && call.may_be_served && !GetLineIsBusy(get, call.place)) {
    return Deliver(*queue, get, call);
  }
  if (queue->shut_down && !ready && (!get.until_finished || queue->items.empty())) {
    return Answer::Refused(Reason::kShutDown, "");
  }
  return std::nullopt;
}

Model::Tried Model::Try(const Join& join, const Call& call) {
  JoinResult result;
  bool finished = true;
  for (const std::string& name : join.queues) {
    const ModelQueue* queue = Find(name);
    if (queue == nullptr) return NotFound();
    for (const ModelItem& item : queue->items) finished = finished && call.before && item.id >= call.before;
    result.queues.push_back(CountsOf(name, *queue));
  }
  if (!finished) return std::nullopt;
  return Answer::Ok(std::move(result));
}

bool Model::CanNeverFit(const ModelQueue& queue, const Put& put) const {
  const auto [maxsize, max_bytes] = std::pair(queue.settings.maxsize, queue.settings.max_bytes);
  return (maxsize > 0 && static_cast<std::int64_t>(put.items.size()) > maxsize) ||
         (max_bytes > 0 && static_cast<std::int64_t>(PayloadBytes(put)) > max_bytes) || Charge(put) > memory_limit_;
}

bool Model::FitsBounds(const ModelQueue& queue, const Put& put) const {
  const auto [maxsize, max_bytes] = std::pair(queue.settings.maxsize, queue.settings.max_bytes);
  return (maxsize <= 0 || CountedItems(queue) + static_cast<std::int64_t>(put.items.size()) <= maxsize) &&
         (max_bytes <= 0 || CountedBytes(queue) + static_cast<std::int64_t>(PayloadBytes(put)) <= max_bytes);
}

bool Model::Fits(const ModelQueue& queue, const Put& put) const {
  return FitsBounds(queue, put) && MemoryUsed() + memory_of_others_ + Charge(put) <= memory_limit_;
}

Answer Model::Deliver(ModelQueue& queue, const Get& get, const Call& call) {
  GetResult result{{}, get.lease.count() == 0 ? queue.settings.lease : get.lease, get.auto_ack};
  std::size_t most = std::min<std::size_t>(get.max_items, limits::kBatchItems);
  if (get.prefetch == Prefetch::kWanted) {
    const std::size_t share = static_cast<std::size_t>(Ready(queue)) / (1 + OthersThatWait(get, call.place));
    most = std::max<std::size_t>(std::min(most, share), 1);
  }
  if (const auto fewer = delivered_.find(call.op); fewer != delivered_.end()) most = std::min(most, fewer->second);
  std::size_t bytes = 0;
  for (const ModelItem* next : ReadyInOrder(queue)) {
    bytes += Charge(*next->content) - limits::kItemOverheadBytes;
    if (result.deliveries.size() == most || (!result.deliveries.empty() && bytes > limits::kReplyBytes)) break;
    auto& item = const_cast<ModelItem&>(*next);
    ModelLease lease{Fence{++last_fence_}, call.session, get.auto_ack, std::nullopt};
    if (!call.session && !get.auto_ack) lease.deadline = now_ + result.lease;
    const bool first = result.deliveries.empty();
    lease.in_advance =
        call.session && (get.prefetch == Prefetch::kAhead || (get.prefetch == Prefetch::kWanted && !first));
    if (lease.in_advance) recalled_.erase({call.session, get.queue});
    ++item.attempts;
    ++queue.delivered;
    if (std::exchange(item.delivered_before, true)) ++queue.redelivered;
    item.lease = lease;
    result.deliveries.push_back({item.id, lease.fence, item.attempts, item.put_time, item.content});
  }
  return Answer::Ok(std::move(result));
}

void Model::Return(ModelQueue& queue, Fence fence, Attempt attempt) {
  ModelItem& item = *queue.Held(fence);
  if (attempt == Attempt::kNotCounted) --item.attempts;
  const auto most = static_cast<std::uint32_t>(std::max(0, queue.settings.max_attempts));
  if (attempt == Attempt::kCounted && most > 0 && item.attempts >= most) {
    ++queue.dead;
    queue.Remove(item.id);
  } else if (queue.discards) {
    ++queue.discarded;
    queue.Remove(item.id);
  } else {
    item.lease.reset();
  }
}

std::optional<TimePoint> Model::NextDeadline() const {
  std::optional<TimePoint> next;
  auto take = [&next](std::optional<TimePoint> deadline) {
    if (deadline && (!next || *deadline < *next)) next = deadline;
  };
  for (const ModelWaiter& waiter : waiters_) take(waiter.deadline);
  for (const auto& [name, queue] : queues_) {
    for (const ModelItem& item : queue.items) {
      if (item.lease) take(item.lease->deadline);
    }
  }
  return next;
}

std::size_t Model::MemoryUsed() const {
  std::size_t bytes = 0;
  for (const auto& [name, queue] : queues_) {
    for (const ModelItem& item : queue.items) bytes += Charge(*item.content) + item.last_error.size();
  }
  return bytes;
}

std::size_t Model::MemoryParked() const {
  std::size_t bytes = 0;
  for (const ModelWaiter& waiter : waiters_) {
    if (const Put* put = std::get_if<Put>(&waiter.command)) bytes += Charge(*put);
  }
  return bytes;
}

bool Model::WaitsForMemory() const {
  for (std::size_t place = 0; place < waiters_.size(); ++place) {
    const Put* put = std::get_if<Put>(&waiters_[place].command);
    if (put == nullptr || suspended_.contains(waiters_[place].session)) continue;
    if (!PutLineIsBusy(put->queue, place) && FitsBounds(queues_.at(put->queue), *put)) return true;
  }
  return false;
}

std::vector<const ModelItem*> Model::ReadyInOrder(const ModelQueue& queue) {
  std::vector<const ModelItem*> ready;
  for (const ModelItem& item : queue.items) {
    if (!item.lease) ready.push_back(&item);
  }
  std::sort(ready.begin(), ready.end(),
            [&queue](const ModelItem* a, const ModelItem* b) { return ComesFirst(queue.settings.order, *a, *b); });
  return ready;
}

}  // namespace sluice::sim
