// Waiting, and every way in which it ends but being served: timeout, cancel, the session's fate.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "common/seeded_bug.h"
#include "server/queue/state.h"

namespace sluice::queue {

bool Namespace::State::Park(const Call& call, std::unique_ptr<Waiter> owned, WaitTime timeout) {
  Waiter& waiter = *owned;
  waiter.operation = call.operation;
  waiter.session = call.session;
  waiter.arrival = ++last_arrival_;
  if (timeout) {
    waiter.deadline = call.now + std::min(*timeout, limits::kTimeout);
    timeouts_.emplace(*waiter.deadline, waiter.operation);
  }
  if (waiter.session != nullptr) {
    waiter.aside = waiter.session->suspended;
    waiter.session->waiters.PushBack(&waiter);
  }
  switch (waiter.kind) {
    case Waiter::Kind::kGet:
      if (waiter.no_wait) ++waiter.queue->impatient;
      waiter.queue->LineOf(waiter.get).Add(&waiter);
      NoteHolders(*waiter.queue);
      break;
    case Waiter::Kind::kPut: waiter.queue->putters.Add(&waiter); break;
    case Waiter::Kind::kPeek: waiter.queue->peekers.push_back(&waiter); break;
    case Waiter::Kind::kJoin:
      for (const JoinPart& part : waiter.joined) {
        part.queue->joiners.push_back(&waiter);
        if (part.before) ++part.queue->counting_joiners;
      }
      break;
  }
  waiters_.Add(waiter.operation.value, std::move(owned));
  return true;
}

void Namespace::State::Unlink(Waiter& waiter) {
  if (waiter.deadline) timeouts_.erase({*waiter.deadline, waiter.operation});
  if (waiter.session != nullptr) waiter.session->waiters.Erase(&waiter);
  switch (waiter.kind) {
    case Waiter::Kind::kGet:
      if (waiter.no_wait) --waiter.queue->impatient;
      waiter.queue->LineOf(waiter.get).Remove(&waiter);
      break;
    case Waiter::Kind::kPeek: std::erase(waiter.queue->peekers, &waiter); break;
    case Waiter::Kind::kPut:
      waiter.queue->putters.Remove(&waiter);
      budget_.Unpark(waiter.parked_bytes);
      break;
    case Waiter::Kind::kJoin:
      for (const JoinPart& part : waiter.joined) {
        std::erase(part.queue->joiners, &waiter);
        if (part.before) --part.queue->counting_joiners;
      }
      break;
  }
}

void Namespace::State::AnswerWaiter(Waiter& waiter, Answer&& answer, Effects& effects) {
  Unlink(waiter);
  effects.answers.emplace_back(waiter.operation, std::move(answer));
  waiters_.Take(waiter.operation.value);
}

void Namespace::State::EndWaiter(Waiter& waiter, Reason reason, std::string message, Effects& effects) {
  Answer answer = Answer::Refused(reason, std::move(message));
  answer.after = log_.barrier();
  AnswerWaiter(waiter, std::move(answer), effects);
}

void Namespace::State::Cancel(OperationId operation, Reason reason, const std::string& message, TimePoint now,
                              Effects& effects) {
  const std::unique_ptr<Waiter>* found = waiters_.Find(operation.value);
  if (found == nullptr) return;
  Queue* queue = (*found)->queue;
  AnswerWaiter(**found, Answer::Refused(reason, message), effects);
  // A put that is gone may have stood before one that fits.
  if (queue != nullptr) Settle(*queue, now, effects);
}

void Namespace::State::CancelAll(Reason reason, const std::string& message, Effects& effects) {
  std::vector<Waiter*> waiters;
  waiters.reserve(waiters_.size());
  waiters_.ForEach([&](std::uint64_t, const std::unique_ptr<Waiter>& waiter) { waiters.push_back(waiter.get()); });
  std::sort(waiters.begin(), waiters.end(), [](const Waiter* a, const Waiter* b) { return a->arrival < b->arrival; });
  for (Waiter* waiter : waiters) AnswerWaiter(*waiter, Answer::Refused(reason, message), effects);
  for (const auto& [name, queue] : queues_) SetWaitsForMemory(*queue, 0);
}

void Namespace::State::Advance(TimePoint now, Effects& effects) {
  // Leases first: an item that comes back at the very moment of a timeout is still got.
  while (!lease_deadlines_.empty() && lease_deadlines_.begin()->first <= now) {
    StoredItem* item = FindLease(lease_deadlines_.begin()->second);
    Queue& queue = *item->queue;
    Return(*item, Attempt::kCounts, effects);
    Settle(queue, now, effects);
    if (effects.memory_freed) RetryMemory(now, effects);  // likewise a put that fits now
  }
  while (!timeouts_.empty() && timeouts_.begin()->first <= now) {
    TimeOut(**waiters_.Find(timeouts_.begin()->second.value), now, effects);
  }
}

void Namespace::State::TimeOut(Waiter& waiter, TimePoint now, Effects& effects) {
  if (waiter.kind == Waiter::Kind::kJoin) {
    AnswerWaiter(waiter, Answer::Refused(Reason::kTimeout, "the queues were not finished before the timeout"), effects);
    return;
  }
  Queue& queue = *waiter.queue;
  if (waiter.kind == Waiter::Kind::kGet && queue.ready_items() > 0 && !queue.settings.paused &&
      !queue.ready.HasFront()) {
    // There is an item, and its content is being read: it is not Empty.
    timeouts_.erase({*waiter.deadline, waiter.operation});
    waiter.deadline.reset();
    waiter.no_wait = true;
    ++queue.impatient;
    return;
  }
  if (waiter.kind == Waiter::Kind::kGet) {
    AnswerWaiter(waiter, Answer::Refused(Reason::kEmpty, Named(queue.name) + " had no item before the timeout"),
                 effects);
  } else {
    AnswerWaiter(waiter, Answer::Refused(Reason::kFull, Named(queue.name) + " had no room before the timeout"),
                 effects);
  }
  Settle(queue, now, effects);
}

std::optional<TimePoint> Namespace::State::NextDeadline() const {
  std::optional<TimePoint> next;
  if (!lease_deadlines_.empty()) next = lease_deadlines_.begin()->first;
  if (!timeouts_.empty() && (!next || timeouts_.begin()->first < *next)) next = timeouts_.begin()->first;
  return next;
}

SessionState* Namespace::State::SessionOf(SessionId session) {
  if (!session) return nullptr;
  if (session != latest_session_) {
    latest_state_ = &sessions_[session];
    latest_state_->id = session;
    latest_session_ = session;
  }
  return latest_state_;
}

void Namespace::State::SuspendSession(SessionId session, TimePoint now, Effects& effects) {
  SessionState& state = *SessionOf(session);
  if (state.suspended) return;
  state.suspended = true;
  std::vector<Queue*> left;  // queues whose next put in line may be another one now
  for (Waiter* waiter = state.waiters.front(); waiter != nullptr; waiter = state.waiters.Next(waiter)) {
    if (waiter->kind == Waiter::Kind::kGet) waiter->queue->LineOf(waiter->get).SetAside(waiter);
    if (waiter->kind != Waiter::Kind::kPut) continue;
    waiter->queue->putters.SetAside(waiter);
    if (std::find(left.begin(), left.end(), waiter->queue) == left.end()) left.push_back(waiter->queue);
  }
  for (Queue* queue : left) Settle(*queue, now, effects);
}

void Namespace::State::ResumeSession(SessionId session, TimePoint now, Effects& effects) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  SessionState& state = found->second;
  state.suspended = false;
  std::vector<Queue*> touched;
  for (Waiter* waiter = state.waiters.front(); waiter != nullptr; waiter = state.waiters.Next(waiter)) {
    if (waiter->kind != Waiter::Kind::kGet && waiter->kind != Waiter::Kind::kPut) continue;
    (waiter->kind == Waiter::Kind::kGet ? waiter->queue->LineOf(waiter->get) : waiter->queue->putters).Restore(waiter);
    if (std::find(touched.begin(), touched.end(), waiter->queue) == touched.end()) touched.push_back(waiter->queue);
  }
  for (const StoredItem* item = state.leases.front(); item != nullptr; item = state.leases.Next(item)) {
    if (!item->in_advance) continue;
    item->queue->holders.at(session).recalled = false;  // a recall may have been lost with the stream
    if (std::find(touched.begin(), touched.end(), item->queue) == touched.end()) touched.push_back(item->queue);
  }
  for (Queue* queue : touched) Settle(*queue, now, effects);
}

void Namespace::State::EndSession(SessionId session, TimePoint now, Effects& effects) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  SessionState& state = found->second;
  std::vector<Queue*> touched;
  const auto touch = [&touched](Queue* queue) {
    if (queue != nullptr && std::find(touched.begin(), touched.end(), queue) == touched.end()) touched.push_back(queue);
  };
  // Its own waiters first: nothing that comes back is given to them.
  while (Waiter* waiter = state.waiters.front()) {
    touch(waiter->queue);
    AnswerWaiter(*waiter, Answer::Refused(Reason::kSessionLost, "the session has ended"), effects);
  }
  while (StoredItem* item = state.leases.front()) {
    touch(item->queue);
    Return(*item, Attempt::kCounts, effects);
  }
  if (state.home != 0) log_.Add(SessionEndedRecord{session.value}, Durability::kMemory);
  latest_session_ = {};
  sessions_.erase(found);
  if (SLUICE_SEEDED_BUG(kLoseWaiter)) return;
  for (Queue* queue : touched) Settle(*queue, now, effects);
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

}  // namespace sluice::queue
