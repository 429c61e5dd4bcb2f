#include "server/broker/space.h"

#include <cassert>
#include <utility>
#include <variant>
#include <vector>

#include "common/seeded_bug.h"
#include "server/broker/creation.h"
#include "server/broker/spaces.h"

namespace sluice::broker {
namespace {

// A burst must not keep its memory for ever.
constexpr std::size_t kKeptEffects = 1024;

queue::NamespaceLimits LimitsOf(const BrokerOptions& options) {
  queue::NamespaceLimits limits{options.max_queues};
  limits.log_bytes = options.log_bytes;
  limits.window_bytes = options.window_bytes;
  limits.batch_bytes = options.batch_bytes;
  return limits;
}

}  // namespace

Space::Space(std::string name, Spaces& spaces)
    : name_(std::move(name)), spaces_(spaces), core_(name_, LimitsOf(spaces.options()), spaces.budget()) {}

OperationId Space::Submit(SessionId session, Command&& command, Completion&& completion) {
  CompletionScope scope;
  MutexLock lock(mutex_);
  Addressee addressee;
  addressee.completion = std::move(completion);
  const OperationId id = Begin(session, std::move(command), Now(), std::move(addressee));
  Finish();
  return id;
}

void Space::SubmitAll(SessionId session, TimePoint came, std::span<SubmittedOperation> operations,
                      AnswerReceiver& receiver, std::vector<WaitingOperation>* waiting) {
  CompletionScope scope;
  MutexLock lock(mutex_);
  const TimePoint now = Now(came);
  for (SubmittedOperation& each : operations) {
    Addressee addressee;
    addressee.receiver = &receiver;
    addressee.operation = each.operation;
    addressee.may_wait = each.answer_may_wait;
    auto& command = std::get<RoutedCommand>(each.what).command;
    const OperationId id = Begin(session, std::move(command), now, std::move(addressee));
    if (id) waiting->push_back({each.operation, id});
  }
  Finish();
}

OperationId Space::Begin(SessionId session, Command&& command, TimePoint now, Addressee&& addressee) {
  const OperationId id{++last_operation_};
  addressees_.Add(id.value, std::move(addressee));
  if (auto refusal = Refuse(command)) {
    effects_.answers.emplace_back(id, std::move(*refusal));
    return {};
  }
  const bool waits = core_.Apply(id, session, std::move(command), now, spaces_.MayWait(), effects_);
  Count();  // at once: the next operation of this step is bounded, too
  if (!waits) return {};
  addressees_.Find(id.value)->waited = true;
  return id;
}

void Space::Cancel(OperationId operation) {
  CompletionScope scope;
  MutexLock lock(mutex_);
  core_.Cancel(operation, Reason::kCancelled, "the caller cancelled", Now(), effects_);
  Finish();
}

void Space::Delivered(std::span<const Delivery> deliveries) {
  CompletionScope scope;
  MutexLock lock(mutex_);
  core_.Delivered(deliveries, Now(), effects_);
  Finish();
}

void Space::Undelivered(std::span<const Delivery> deliveries) {
  CompletionScope scope;
  MutexLock lock(mutex_);
  core_.Undelivered(deliveries, Now(), effects_);
  Finish();
}

void Space::EnterSession(queue::LoggedSession session, AnswerReceiver& receiver) {
  MutexLock lock(mutex_);
  sessions_.emplace(session.id, &receiver);
  if (journaled()) core_.EnterSession(std::move(session));
}

void Space::KeepLeases(SessionId session, std::span<const Fence> fences) {
  CompletionScope scope;
  MutexLock lock(mutex_);
  core_.KeepLeases(session, fences, Now(), effects_);
  Finish();
}

void Space::SuspendSession(SessionId session) {
  CompletionScope scope;
  MutexLock lock(mutex_);
  core_.SuspendSession(session, Now(), effects_);
  Finish();
}

void Space::ResumeSession(SessionId session) {
  CompletionScope scope;
  MutexLock lock(mutex_);
  core_.ResumeSession(session, Now(), effects_);
  Finish();
}

void Space::EndSession(SessionId session, std::span<const Delivery> unsent) {
  CompletionScope scope;
  MutexLock lock(mutex_);
  const auto found = sessions_.find(session);
  std::vector<Delivery> undelivered(unsent.begin(), unsent.end());
  if (found != sessions_.end()) AddHeld(*found->second, &undelivered);
  if (found != sessions_.end()) sessions_.erase(found);
  if (stopped_ && journaled()) return;  // the next server has its leases
  if (!undelivered.empty()) {
    core_.SuspendSession(session, Now(), effects_);  // or its own waiters would be given these items
    core_.Undelivered(undelivered, Now(), effects_);
  }
  core_.EndSession(session, Now(), effects_);
  Finish();
}

void Space::RetryMemory() {
  CompletionScope scope;
  MutexLock lock(mutex_);
  core_.RetryMemory(Now(), effects_);
  Finish();
}

void Space::Due() {
  CompletionScope scope;
  MutexLock lock(mutex_);
  armed_.reset();
  const TimePoint now = Now();
  RetryDue(now);
  if (puts_held_) HoldPuts(spaces_.RefuseForStorage().has_value());
  core_.Advance(now, effects_);
  Finish();
}

void Space::Stop() {
  CompletionScope scope;
  MutexLock lock(mutex_);
  if (stopped_) return;
  stopped_ = true;
  gathering_.Stop();
  const Answer stopping = Spaces::Stopping();
  core_.CancelAll(stopping.reason, stopping.message, effects_);
  Finish();
}

TimePoint Space::Now() { return Now(spaces_.clock().Now()); }

std::optional<Answer> Space::Refuse(const Command& command) {
  if (stopped_) return Spaces::Stopping();
  if (!trouble_.empty()) return Failed();
  auto full = spaces_.RefuseForStorage();
  HoldPuts(full.has_value());
  if (full && TakesSpace(command)) return full;
  const auto creation = CreationOf(command);
  if (!creation) return std::nullopt;
  if (auto durability = RefuseDurability(creation->settings, spaces_.reaches())) return durability;
  if (spaces_.QueuesFull() && !core_.HasQueue(creation->queue)) return spaces_.RefuseQueue();
  return std::nullopt;
}

bool Space::TakesSpace(const Command& command) {
  if (const auto* put = std::get_if<Put>(&command)) {
    return core_.IsDurable(put->queue) || (put->create && put->create->durability != Durability::kMemory);
  }
  return CreationOf(command).has_value();
}

void Space::Finish() {
  WatchMemory();
  if (journaled()) Flush();
  Count();
  ArmDeadline();
  if (effects_.memory_freed) spaces_.MemoryFreed(watching_memory_);
  ReleaseAnswers();
}

std::vector<Space::Told> Space::TakeRecalls() {
  std::vector<Told> told;
  for (queue::Recall& recall : effects_.recalls) {
    const auto found = sessions_.find(recall.session);
    if (found != sessions_.end()) {
      told.push_back({found->second->shared_from_this(), std::move(recall.queue), recall.last});
    }
  }
  return told;
}

void Space::Tell(std::vector<Told>&& recalls) {
  for (Told& each : recalls) {
    CompletionScope::Defer([this, told = std::move(each)] { told.receiver->Recalled(*this, told.queue, told.last); });
  }
}

void Space::WatchMemory() {
  if (core_.WaitsForMemory() == watching_memory_) return;
  if (!watching_memory_) {
    spaces_.WaitForMemory(shared_from_this());
    watching_memory_ = true;
    core_.RetryMemory(Now(), effects_);  // what was freed before we were listed
    if (core_.WaitsForMemory()) return;
  }
  spaces_.StopWaitingForMemory(this);
  watching_memory_ = false;
}

void Space::Count() {
  const std::size_t waiters = core_.waiter_count();
  const std::size_t queues = core_.queue_count();
  spaces_.Count(counted_waiters_, waiters, counted_queues_, queues);
  counted_waiters_ = waiters;
  counted_queues_ = queues;
}

void Space::ArmDeadline() {
  auto next = core_.NextDeadline();
  const auto consider = [&next](TimePoint time) { next = next ? std::min(*next, time) : time; };
  if (gathering_.until() && core_.HasBatch()) consider(*gathering_.until());
  if (retry_) consider(*retry_);
  if (reread_) consider(*reread_);
  if (puts_held_ && core_.WaitsForMemory()) consider(latest_ + kRetry);
  if (!next || (armed_ && *armed_ <= *next)) return;
  armed_ = next;
  spaces_.schedule().Arm(shared_from_this(), *next);
}

void Space::ReleaseAnswers() {
  for (auto& [id, answer] : effects_.answers) {
    if (answer.after <= durable_ || SLUICE_SEEDED_BUG(kAnswerBeforeCommit)) {
      Release(addressees_.Take(id.value), std::move(answer));
    } else {
      Hold(addressees_.Take(id.value), std::move(answer));
    }
  }
  if (!effects_.recalls.empty()) Tell(TakeRecalls());
  ForgetEffects();
}

void Space::ForgetEffects() {
  effects_.Clear();
  if (effects_.answers.capacity() > kKeptEffects) effects_.answers.shrink_to_fit();
}

void Space::Release(Addressee&& addressee, Answer&& answer) {
  if (addressee.receiver != nullptr) {
    CompletionScope::Add(*addressee.receiver, {.operation = addressee.operation,
                                               .space = this,
                                               .waited = addressee.waited,
                                               .may_wait = addressee.may_wait,
                                               .answer = std::make_shared<const Answer>(std::move(answer))});
  } else {
    CompletionScope::Add(std::move(addressee.completion), std::move(answer));
  }
}

}  // namespace sluice::broker
