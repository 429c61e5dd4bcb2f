// How items move: put -> ready -> leased -> finished, and back; and who is served when they do.
#include <algorithm>
#include <cassert>
#include <utility>

#include "common/limits.h"
#include "server/queue/state.h"

namespace sluice::queue {

void Namespace::State::AddItems(Queue& queue, std::vector<ContentPtr>& contents, const PutName& name, TimePoint now) {
  const ItemId first{last_item_ + 1};
  const bool cold = PutsCold(queue);
  const bool logs = Logs(queue);
  std::vector<Home> homes;
  if (logs) homes = LogPut(queue, contents, name, first, now);
  for (std::size_t at = 0; at < contents.size(); ++at) {
    ContentPtr& content = contents[at];
    const auto payload_bytes = static_cast<std::uint32_t>(content->payload.size());
    const ItemId id{++last_item_};
    if (cold) {
      freed_ += Charge(*content) - limits::kColdItemBytes;
      AddCold(queue, {id, now, homes[at], payload_bytes});
      continue;
    }
    auto* const item = new StoredItem();
    item->id = id;
    item->priority = content->priority;
    item->payload_bytes = payload_bytes;
    item->content = std::move(content);
    item->put_time = now;
    item->queue = &queue;
    if (logs) SetHome(*item, homes[at]);
    queue.items.PushBack(item);
    queue.ready.PushNew(item);
  }
  queue.put += contents.size();
  window_.Remember({name, first, static_cast<std::uint32_t>(contents.size()), now, logs ? log_.position() : 0}, now);
}

Answer Namespace::State::Deliver(Queue& queue, const GetTerms& get, SessionState* session, std::size_t others,
                                 TimePoint now) {
  Answer answer;
  auto& result = answer.result.emplace<GetResult>();
  answer.after = numbered_;
  const bool logs = Logs(queue);
  const std::uint64_t redelivered = queue.redelivered;
  result.auto_ack = get.auto_ack;
  result.lease = queue.LeaseTime(get.lease);
  std::size_t share = queue.ready_items();
  // What is beyond the first item is in advance: others that wait come before it.
  if (get.prefetch == Prefetch::kWanted) share /= 1 + others;
  const std::size_t most = std::max(std::min({std::size_t{get.max_items}, share, limits::kBatchItems}), std::size_t{1});
  result.deliveries.reserve(most);
  std::size_t bytes = 0;
  while (result.deliveries.size() < most && queue.ready.HasFront()) {
    queue.ready.FetchAhead();
    bytes += ContentBytes(*queue.ready.Front()->content);
    if (bytes > limits::kReplyBytes && !result.deliveries.empty()) break;
    StoredItem& item = *queue.ready.PopFront();
    // Somebody waits for the first item of a get that is wanted, and begins it at once.
    const bool begun =
        get.prefetch == Prefetch::kNone || (get.prefetch == Prefetch::kWanted && result.deliveries.empty());
    Lease(item, get, session, now);
    if (!begun && session != nullptr) HoldInAdvance(item, *session);
    // Behind its put, and behind the end of the lease before: or a restart might bring that one back to life. This
    // lease itself may be written down later.
    if (logs) answer.after = std::max({answer.after, item.home.position, item.returned});
    result.deliveries.push_back({item.id, item.fence, item.attempts, item.put_time, item.content});
  }
  if (logs) LogLeased(queue, result.deliveries, queue.redelivered - redelivered);
  return answer;
}

void Namespace::State::Lease(StoredItem& item, const GetTerms& get, SessionState* session, TimePoint now) {
  Queue& queue = *item.queue;
  item.fence = Fence{++last_fence_};
  item.owner = session;
  item.auto_ack = get.auto_ack;
  ++item.attempts;
  ++queue.delivered;
  if (item.deliveries++ > 0) ++queue.redelivered;
  queue.leased_bytes += item.bytes();
  leases_.Add(item.fence.value, &item);
  if (session != nullptr) {
    session->leases.PushBack(&item);
  } else if (!get.auto_ack) {
    item.deadline = now + queue.LeaseTime(get.lease);
    lease_deadlines_.emplace_hint(lease_deadlines_.end(), *item.deadline, item.fence);  // mostly the latest
  }
}

void Namespace::State::Unlease(StoredItem& item) {
  if (item.deadline) lease_deadlines_.erase({*item.deadline, item.fence});
  if (item.in_advance) Unhold(item);
  if (item.owner != nullptr) item.owner->leases.Erase(&item);
  item.queue->leased_bytes -= item.bytes();
  leases_.Take(item.fence.value);
  item.deadline.reset();
  item.owner = nullptr;
  item.fence = {};
}

bool Namespace::State::Return(StoredItem& item, Attempt attempt, Effects& effects) {
  Queue& queue = *item.queue;
  Unlease(item);
  if (attempt == Attempt::kDoesNotCount) --item.attempts;
  const std::int32_t most = queue.settings.max_attempts;
  if (attempt == Attempt::kCounts && most > 0 && item.attempts >= static_cast<std::uint32_t>(most)) {
    Finish(item, Outcome::kDead, effects);
    return true;
  }
  if (queue.immediate) {
    Finish(item, Outcome::kDiscarded, effects);
  } else {
    if (Logs(queue)) {
      log_.AddReturned(queue.number, attempt == Attempt::kCounts, item.id, queue.settings.durability);
      item.returned = log_.position();
    }
    queue.ready.PushBack(&item);
  }
  return false;
}

void Namespace::State::SetError(StoredItem& item, const std::string& error, Effects& effects) {
  if (!item.last_error.empty()) {
    budget_.Give(item.last_error.size());
    effects.memory_freed = true;
  }
  GiveFreed();  // by items that this very call has ended
  item.last_error = budget_.TryTake(error.size()) ? error : std::string();
  if (Logs(*item.queue)) {
    log_.Add(ErrorRecord{item.queue->number, item.id.value, item.last_error}, item.queue->settings.durability);
  }
}

void Namespace::State::Finish(StoredItem& item, Outcome outcome, Effects& effects) {
  assert(!item.leased());
  Queue& queue = *item.queue;
  const ItemId id = item.id;
  switch (outcome) {
    case Outcome::kDone: ++queue.done; break;
    case Outcome::kDead: ++queue.dead; break;
    case Outcome::kDiscarded: ++queue.discarded; break;
  }
  freed_ += Charge(item);
  effects.memory_freed = true;
  if (Logs(queue)) log_.AddFinished(queue.number, outcome, id, queue.settings.durability);
  LeaveHome(item);
  queue.items.Erase(&item);
  delete &item;

  CountFinished(queue, id);
}

void Namespace::State::CountFinished(Queue& queue, ItemId id) {
  if (queue.counting_joiners == 0) return;
  for (Waiter* joiner : queue.joiners) {
    for (JoinPart& part : joiner->joined) {
      if (part.queue == &queue && part.before && id < part.before) --part.remaining;
    }
  }
}

void Namespace::State::GiveFreed() {
  if (freed_ != 0) budget_.Give(std::exchange(freed_, 0));
}

std::uint64_t Namespace::State::DiscardReady(Queue& queue, Effects& effects) {
  const std::uint64_t discarded = queue.ready_items();
  while (!queue.ready.empty()) Finish(*queue.ready.PopFront(), Outcome::kDiscarded, effects);
  while (!queue.cold.empty()) FinishCold(queue, effects);
  return discarded;
}

StoredItem* Namespace::State::FindLease(Fence fence) const {
  StoredItem* const* found = leases_.Find(fence.value);
  return found == nullptr ? nullptr : *found;
}

StoredItem* Namespace::State::FindLease(Fence fence, const Queue& queue) const {
  StoredItem* item = FindLease(fence);
  return item != nullptr && item->queue == &queue ? item : nullptr;
}

void Namespace::State::Delivered(std::span<const Delivery> deliveries, TimePoint now, Effects& effects) {
  std::vector<Queue*> touched;
  for (const Delivery& delivery : deliveries) {
    StoredItem* item = FindLease(delivery.fence);
    if (item == nullptr || !item->auto_ack) continue;
    if (std::find(touched.begin(), touched.end(), item->queue) == touched.end()) touched.push_back(item->queue);
    Unlease(*item);
    Finish(*item, Outcome::kDone, effects);
  }
  for (Queue* queue : touched) Settle(*queue, now, effects);
}

void Namespace::State::Undelivered(std::span<const Delivery> deliveries, TimePoint now, Effects& effects) {
  // All are back before anybody is served: served one by one, a waiting getter would get them out of order.
  std::vector<Queue*> touched;
  for (const Delivery& delivery : deliveries) {
    StoredItem* item = FindLease(delivery.fence);
    if (item == nullptr) continue;
    if (std::find(touched.begin(), touched.end(), item->queue) == touched.end()) touched.push_back(item->queue);
    Return(*item, Attempt::kDoesNotCount, effects);
  }
  for (Queue* queue : touched) Settle(*queue, now, effects);
}

void Namespace::State::Settle(Queue& queue, TimePoint now, Effects& effects) {
  GiveFreed();
  // Before a waiting put comes in: the instant at which nothing was unfinished would be gone.
  CheckJoins(queue, effects);
  while (ServeGetters(queue, now, effects) || ServePutters(queue, now, effects)) {
  }
  Shed(queue, effects);
  NotePaged(queue);
  if (queue.paged()) Refill(queue, effects);
  if (!queue.peekers.empty()) ServePeekers(queue, effects);
  EndGetters(queue, effects);
  if (queue.impatient > 0) EndImpatientGetters(queue, effects);
  GiveFreed();  // by puts whose contents are not kept in memory
  NoteHolders(queue);
}

bool Namespace::State::ServeGetters(Queue& queue, TimePoint now, Effects& effects) {
  bool served = false;
  while (!queue.settings.paused && queue.ready.HasFront()) {
    Waiter* waiter = queue.getters.First();
    if (waiter == nullptr) waiter = queue.ahead.First();
    if (waiter == nullptr) break;
    const std::size_t others = queue.LineOf(waiter->get).size() - 1;
    AnswerWaiter(*waiter, Deliver(queue, waiter->get, waiter->session, others, now), effects);
    served = true;
  }
  return served;
}

bool Namespace::State::ServePutters(Queue& queue, TimePoint now, Effects& effects) {
  bool served = false;
  std::uint64_t no_memory = 0;
  while (Waiter* waiter = queue.putters.First()) {
    auto& items = waiter->items;
    if (const RememberedPut* known = window_.Find(waiter->put)) {  // it came twice, and the other one was served
      AnswerWaiter(*waiter, Answer::Ok(PutResult{known->first, known->count, Reached(queue), true}, known->home),
                   effects);
      served = true;
      continue;
    }
    if (!queue.HasRoom(items.size(), waiter->bytes)) break;
    if (!LogHasRoom(queue) || !budget_.TryTake(waiter->parked_bytes)) {
      no_memory = waiter->arrival;
      break;
    }
    const ItemId first{last_item_ + 1};
    const auto count = static_cast<std::uint32_t>(items.size());
    AddItems(queue, items, waiter->put, now);
    AnswerWaiter(*waiter, Answer::Ok(PutResult{first, count, Reached(queue)}, After(queue)), effects);
    served = true;
  }
  SetWaitsForMemory(queue, no_memory);
  return served;
}

void Namespace::State::SetWaitsForMemory(Queue& queue, std::uint64_t arrival) {
  if (queue.waits_for_memory != 0) memory_line_.erase(queue.waits_for_memory);
  queue.waits_for_memory = arrival;
  if (arrival != 0) memory_line_.emplace(arrival, &queue);
}

void Namespace::State::EndGetters(Queue& queue, Effects& effects) {
  if (!queue.shut_down || queue.ready_items() > 0) return;
  EndGetters(queue, queue.getters, effects);
  EndGetters(queue, queue.ahead, effects);
}

void Namespace::State::EndGetters(Queue& queue, const WaiterLine& line, Effects& effects) {
  if (line.size() == 0) return;
  for (Waiter* waiter : line.All()) {
    if (waiter->get.until_finished && queue.unfinished() > 0) continue;
    EndWaiter(*waiter, Reason::kShutDown, Named(queue.name) + " is shut down and nothing is left to get", effects);
  }
}

void Namespace::State::EndImpatientGetters(Queue& queue, Effects& effects) {
  if (queue.ready_items() > 0 && !queue.settings.paused) return;
  for (const WaiterLine* line : {&queue.getters, &queue.ahead}) {
    for (Waiter* waiter : line->All()) {
      if (!waiter->no_wait) continue;
      AnswerWaiter(*waiter, Answer::Refused(Reason::kEmpty, Named(queue.name) + " is empty"), effects);
    }
  }
}

void Namespace::State::ServePeekers(Queue& queue, Effects& effects) {
  if (!queue.ready.HasFront() && queue.ready_items() > 0) return;
  while (!queue.peekers.empty()) {
    Waiter& waiter = *queue.peekers.front();
    AnswerWaiter(waiter, Answer::Ok(PeekAt(queue, waiter.peek_items), After(queue)), effects);
  }
}

void Namespace::State::RefuseHopelessPutters(Queue& queue, Effects& effects) {
  for (Waiter* waiter : queue.putters.All()) {
    if (!queue.NeverFits(waiter->items.size(), waiter->bytes)) continue;
    AnswerWaiter(*waiter, Answer::Refused(Reason::kTooLarge, Named(queue.name) + " was made smaller than this put"),
                 effects);
  }
}

void Namespace::State::CheckJoins(Queue& queue, Effects& effects) {
  // Who does not count waits until the queue has nothing unfinished.
  if (queue.joiners.empty() || (queue.unfinished() > 0 && queue.counting_joiners == 0)) return;
  const std::vector<Waiter*> joiners = queue.joiners;  // answering one unlinks it
  for (Waiter* joiner : joiners) {
    if (!Joined(*joiner)) continue;
    AnswerWaiter(*joiner, Answer::Ok(CountsOf(joiner->joined), AfterJoin(*joiner)), effects);
  }
}

bool Namespace::State::Joined(const Waiter& waiter) const {
  return std::all_of(waiter.joined.begin(), waiter.joined.end(), [](const JoinPart& part) {
    return part.before ? part.remaining == 0 : part.queue->unfinished() == 0;
  });
}

std::uint64_t Namespace::State::AfterJoin(const Waiter& waiter) const {
  std::uint64_t after = 0;
  for (const JoinPart& part : waiter.joined) after = std::max(after, After(*part.queue));
  return after;
}

JoinResult Namespace::State::CountsOf(const std::vector<JoinPart>& parts) const {
  JoinResult result;
  for (const JoinPart& part : parts) result.queues.push_back(part.queue->Counts());
  return result;
}

void Namespace::State::RetryMemory(TimePoint now, Effects& effects) {
  std::vector<Queue*> line;  // settling changes the map
  for (const auto& [arrival, queue] : memory_line_) line.push_back(queue);
  for (Queue* queue : line) Settle(*queue, now, effects);
}

}  // namespace sluice::queue
