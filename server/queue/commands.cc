// One function per command on a queue's items: checks, moves, settles, answers.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/limits.h"
#include "common/seeded_bug.h"
#include "server/queue/state.h"

namespace sluice::queue {

bool Namespace::State::Run(const Call& call, Put&& put) {
  Queue* queue = FindOrCreate(call, put.queue, put.create);
  if (queue == nullptr) return false;
  PutName name{queue->number, std::move(put.producer), put.sequence};
  if (const RememberedPut* known = window_.Find(name)) {
    call.Succeed(PutResult{known->first, known->count, Reached(*queue), true}, known->home);
    return false;
  }
  std::size_t bytes = 0;
  std::size_t charge = 0;
  for (const ContentPtr& content : put.items) {
    bytes += content->payload.size();
    charge += Charge(*content);
  }
  const auto refuse = [&](Reason reason, const std::string& what) {
    call.Refuse(reason, Named(queue->name) + what);
    return false;
  };
  if (queue->shut_down) return refuse(Reason::kShutDown, " is shut down");
  if (queue->NeverFits(put.items.size(), bytes)) {
    return refuse(Reason::kTooLarge, " holds at most maxsize " + std::to_string(queue->settings.maxsize) +
                                         " items and max_bytes " + std::to_string(queue->settings.max_bytes) +
                                         " (0 = no bound): this put of " + std::to_string(put.items.size()) +
                                         " items and " + std::to_string(bytes) + " bytes can never fit; split it");
  }
  if (charge > budget_.limit())
    return refuse(Reason::kTooLarge, ": this put exceeds the server's memory limit; split it");

  if (queue->putters.First() == nullptr && queue->HasRoom(put.items.size(), bytes) && LogHasRoom(*queue) &&
      budget_.TryTake(charge)) {
    const ItemId first{last_item_ + 1};
    const auto count = static_cast<std::uint32_t>(put.items.size());
    AddItems(*queue, put.items, std::move(name), call.now);
    call.Succeed(PutResult{first, count, Reached(*queue)}, After(*queue));
    Settle(*queue, call.now, call.effects);
    return false;
  }
  if (put.timeout && put.timeout->count() <= 0) return refuse(Reason::kFull, " is full");
  if (!call.may_wait) return refuse(Reason::kLimitReached, ": too many calls wait on this server; try again later");
  if (!budget_.TryPark(charge)) return refuse(Reason::kFull, ": the server's memory for waiting puts is used up");
  auto waiter = std::make_unique<Waiter>(Waiter::Kind::kPut);
  waiter->queue = queue;
  waiter->items = std::move(put.items);
  waiter->put = std::move(name);
  waiter->bytes = bytes;
  waiter->parked_bytes = charge;
  Park(call, std::move(waiter), put.timeout);
  // If it is the first in line and waits for memory only, that must be known; memory may even be there by now.
  Settle(*queue, call.now, call.effects);
  return waiters_.Find(call.operation.value) != nullptr;
}

bool Namespace::State::Run(const Call& call, Get&& get) {
  Queue* queue = FindOrCreate(call, get.queue, get.create);
  if (queue == nullptr) return false;
  const auto refuse = [&](Reason reason, const std::string& what) {
    call.Refuse(reason, Named(queue->name) + what);
    return false;
  };
  if (!queue->settings.paused && queue->ready.HasFront() && queue->getters.First() == nullptr) {
    call.effects.answers.emplace_back(call.operation,
                                      Deliver(*queue, GetTerms(get), call.session, queue->getters.size(), call.now));
    Settle(*queue, call.now, call.effects);
    return false;
  }
  const bool nothing_there = queue->ready_items() == 0;
  if (queue->shut_down && nothing_there && !(get.until_finished && queue->unfinished() > 0)) {
    return refuse(Reason::kShutDown, " is shut down and nothing is left to get");
  }
  const bool no_wait = get.timeout && get.timeout->count() <= 0;
  if (no_wait && (nothing_there || queue->settings.paused))
    return refuse(Reason::kEmpty, queue->settings.paused ? " is paused" : " is empty");
  const bool being_read = !nothing_there && !queue->settings.paused && !queue->ready.HasFront();
  if (!call.may_wait && !being_read) {
    return refuse(Reason::kLimitReached, ": too many calls wait on this server; try again later");
  }
  auto waiter = std::make_unique<Waiter>(Waiter::Kind::kGet);
  waiter->queue = queue;
  waiter->get = GetTerms(get);
  waiter->no_wait = no_wait;
  Park(call, std::move(waiter), no_wait ? kForever : get.timeout);
  Refill(*queue, call.effects);
  return true;
}

bool Namespace::State::WasSettled(const Call& call, Fence fence, std::optional<Settled> how) {
  if (SLUICE_SEEDED_BUG(kSkipFence)) return true;
  if (call.session == nullptr || !how) return false;
  const auto found = call.session->settled.find(fence.value);
  if (found == call.session->settled.end() || found->second != *how) return false;
  call.session->settled.erase(found);
  return true;
}

const std::vector<StoredItem*>& Namespace::State::Held(const Call& call, const Queue& queue,
                                                       const std::vector<Fence>& fences, std::optional<Settled> how,
                                                       std::vector<Fence>* lost) {
  constexpr std::size_t kItemAhead = 8;
  constexpr std::size_t kContentAhead = 4;
  held_.clear();
  for (std::size_t at = 0; at < fences.size(); ++at) {
    if (at + kItemAhead < fences.size()) FetchToWrite(FindLease(fences[at + kItemAhead]), sizeof(StoredItem));
    if (at + kContentAhead < fences.size()) {
      if (const StoredItem* soon = FindLease(fences[at + kContentAhead])) FetchContent(*soon);
    }
    const Fence fence = fences[at];
    StoredItem* item = FindLease(fence, queue);
    if (item != nullptr && !item->named) {
      item->named = true;
      held_.push_back(item);
    } else if (!WasSettled(call, fence, how)) {
      lost->push_back(fence);
    }
  }
  for (StoredItem* item : held_) item->named = false;
  if (lost->size() == fences.size()) {
    call.Refuse(Reason::kLeaseLost, Named(queue.name) +
                                        ": the lease is lost: the item was finished, or it went back and " +
                                        "somebody else has it or will get it");
  }
  return held_;
}

bool Namespace::State::Run(const Call& call, TaskDone&& done) {
  Queue* queue = Find(call, done.queue);
  if (queue == nullptr) return false;
  TaskDoneResult result;
  const auto& held = Held(call, *queue, done.fences, Settled::kDone, &result.lost);
  if (result.lost.size() == done.fences.size()) return false;
  for (StoredItem* item : held) {
    Unlease(*item);
    Finish(*item, Outcome::kDone, call.effects);
  }
  result.durability = Reached(*queue);
  call.Succeed(std::move(result), After(*queue));
  Settle(*queue, call.now, call.effects);
  return false;
}

bool Namespace::State::Run(const Call& call, Fail&& fail) {
  Queue* queue = Find(call, fail.queue);
  if (queue == nullptr) return false;
  FailResult result;
  const auto& held = Held(call, *queue, fail.fences, Settled::kReturned, &result.lost);
  if (result.lost.size() == fail.fences.size()) return false;
  // What was settled before a restart is known to be no more than that.
  result.retried = static_cast<std::uint32_t>(fail.fences.size() - result.lost.size() - held.size());
  result.durability = Reached(*queue);
  for (StoredItem* item : held) {
    SetError(*item, fail.error, call.effects);
    Return(*item, Attempt::kCounts, call.effects) ? ++result.dead : ++result.retried;
  }
  call.Succeed(std::move(result), After(*queue));
  Settle(*queue, call.now, call.effects);
  return false;
}

bool Namespace::State::Run(const Call& call, Release&& release) {
  Queue* queue = Find(call, release.queue);
  if (queue == nullptr) return false;
  ReleaseResult result;
  const auto& held = Held(call, *queue, release.fences, Settled::kReturned, &result.lost);
  if (result.lost.size() == release.fences.size()) return false;
  for (StoredItem* item : held) Return(*item, Attempt::kDoesNotCount, call.effects);
  result.durability = Reached(*queue);
  call.Succeed(std::move(result), After(*queue));
  Settle(*queue, call.now, call.effects);
  return false;
}

bool Namespace::State::Run(const Call& call, Extend&& extend) {
  Queue* queue = Find(call, extend.queue);
  if (queue == nullptr) return false;
  ExtendResult result;
  result.lease = queue->LeaseTime(extend.lease);
  const auto& held = Held(call, *queue, extend.fences, std::nullopt, &result.lost);
  if (held.empty()) return false;
  result.durability = Reached(*queue);
  for (StoredItem* item : held) {
    if (!item->deadline) continue;  // its session keeps it alive
    lease_deadlines_.erase({*item->deadline, item->fence});
    item->deadline = call.now + result.lease;
    lease_deadlines_.emplace(*item->deadline, item->fence);
  }
  LogExtended(*queue, held);
  call.Succeed(std::move(result), After(*queue));
  return false;
}

bool Namespace::State::Run(const Call& call, Join&& join) {
  auto waiter = std::make_unique<Waiter>(Waiter::Kind::kJoin);
  for (const std::string& name : join.queues) {
    Queue* queue = Find(call, name);
    if (queue == nullptr) return false;
    const auto same = [queue](const JoinPart& part) { return part.queue == queue; };
    if (std::any_of(waiter->joined.begin(), waiter->joined.end(), same)) continue;
    JoinPart part{queue, {}, 0};
    if (join.only_put_before) {
      part.before = ItemId{last_item_ + 1};
      part.remaining = queue->unfinished();
    }
    waiter->joined.push_back(part);
  }
  if (Joined(*waiter)) {
    call.Succeed(CountsOf(waiter->joined), AfterJoin(*waiter));
    return false;
  }
  if (join.timeout && join.timeout->count() <= 0) {
    call.Refuse(Reason::kTimeout, "the queues are not finished");
    return false;
  }
  if (!call.may_wait) {
    call.Refuse(Reason::kLimitReached, "too many calls wait on this server; try again later");
    return false;
  }
  return Park(call, std::move(waiter), join.timeout);
}

bool Namespace::State::Run(const Call& call, Shutdown&& shutdown) {
  Queue* queue = Find(call, shutdown.queue);
  if (queue == nullptr) return false;
  queue->shut_down = true;
  queue->immediate = queue->immediate || shutdown.immediate;
  const std::uint64_t discarded = shutdown.immediate ? DiscardReady(*queue, call.effects) : 0;
  LogQueue(*queue);
  for (Waiter* waiter : queue->putters.All()) {
    EndWaiter(*waiter, Reason::kShutDown, Named(queue->name) + " was shut down", call.effects);
  }
  call.Succeed(ShutdownResult{discarded, Reached(*queue)});
  Settle(*queue, call.now, call.effects);
  return false;
}

bool Namespace::State::Run(const Call& call, Reopen&& reopen) {
  Queue* queue = Find(call, reopen.queue);
  if (queue == nullptr) return false;
  queue->shut_down = false;
  queue->immediate = false;
  LogQueue(*queue);
  call.Succeed(ReopenResult{Reached(*queue)});
  return false;
}

bool Namespace::State::Run(const Call& call, Stats&& stats) {
  Queue* queue = Find(call, stats.queue);
  if (queue != nullptr) call.Succeed(StatsResult{queue->Snapshot(call.now)}, 0);
  return false;
}

bool Namespace::State::Run(const Call& call, Peek&& peek) {
  Queue* queue = Find(call, peek.queue);
  if (queue == nullptr) return false;
  if (queue->ready.HasFront() || queue->ready_items() == 0) {
    call.Succeed(PeekAt(*queue, peek.max_items), After(*queue));
    return false;
  }
  auto waiter = std::make_unique<Waiter>(Waiter::Kind::kPeek);  // until the first content is read
  waiter->queue = queue;
  waiter->peek_items = peek.max_items;
  Park(call, std::move(waiter), kForever);
  Refill(*queue, call.effects);
  return true;
}

PeekResult Namespace::State::PeekAt(const Queue& queue, std::uint32_t max_items) const {
  PeekResult result;
  std::size_t bytes = 0;
  const std::size_t most = std::min(std::max(std::size_t{max_items}, std::size_t{1}), limits::kBatchItems);
  for (const StoredItem* item : queue.ready.First(most)) {
    if (!item->content) break;
    bytes += ContentBytes(*item->content) + item->last_error.size();
    if (bytes > limits::kReplyBytes && !result.items.empty()) break;
    result.items.push_back({item->id, item->attempts, item->put_time, item->last_error, item->content});
  }
  return result;
}

bool Namespace::State::Run(const Call& call, PurgeQueue&& purge) {
  Queue* queue = Find(call, purge.queue);
  if (queue == nullptr) return false;
  const std::uint64_t discarded = DiscardReady(*queue, call.effects);
  call.Succeed(PurgeResult{discarded, Reached(*queue)}, After(*queue));
  Settle(*queue, call.now, call.effects);
  return false;
}

}  // namespace sluice::queue
