#include "server/broker/space.h"

#include <cassert>
#include <utility>
#include <vector>

#include "server/broker/creation.h"
#include "server/broker/spaces.h"

namespace sluice::broker {
namespace {

// Answers that wait for the journal, with those whom they are for.
using Held = std::vector<std::pair<Completion, Answer>>;

// A burst must not keep its memory for ever.
constexpr std::size_t kKeptAnswers = 1024;

void Publish(Held& held, journal::AppendResult result) {
  CompletionScope scope;
  for (auto& [completion, answer] : held) {
    if (result != journal::AppendResult::kOk) {
      answer = Answer::Refused(Reason::kUnavailable, "the journal did not take it: the outcome is unknown; try again");
    }
    CompletionScope::Add(std::move(completion), std::move(answer));
  }
}

}  // namespace

Space::Space(std::string name, Spaces& spaces)
    : name_(std::move(name)), spaces_(spaces), core_(name_, {spaces.options().max_queues}, spaces.budget()) {}

OperationId Space::Submit(SessionId session, Command&& command, Completion&& completion) {
  CompletionScope scope;
  MutexLock lock(mutex_);
  if (auto refusal = Refuse(command)) {
    CompletionScope::Add(std::move(completion), std::move(*refusal));
    return {};
  }
  const OperationId operation{++last_operation_};
  const bool waits = core_.Apply(operation, session, std::move(command), Now(), spaces_.MayWait(), effects_);
  if (waits) parked_.emplace(operation, std::move(completion));
  Finish(operation, waits ? nullptr : &completion);
  return waits ? operation : OperationId{};
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
  if (!unsent.empty()) {
    core_.SuspendSession(session, Now(), effects_);  // or its own waiters would be given these items
    core_.Undelivered(unsent, Now(), effects_);
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
  core_.Advance(Now(), effects_);
  Finish();
}

void Space::Stop() {
  CompletionScope scope;
  MutexLock lock(mutex_);
  if (stopped_) return;
  stopped_ = true;
  const Answer stopping = Spaces::Stopping();
  core_.CancelAll(stopping.reason, stopping.message, effects_);
  Finish();
}

// Read under the mutex, so that a namespace never sees time go back.
TimePoint Space::Now() const { return spaces_.clock().Now(); }

std::optional<Answer> Space::Refuse(const Command& command) {
  if (stopped_) return Spaces::Stopping();
  const auto creation = CreationOf(command);
  if (!creation) return std::nullopt;
  if (auto durability = RefuseDurability(creation->settings, spaces_.reaches())) return durability;
  if (spaces_.QueuesFull() && !Exists(creation->queue)) return spaces_.RefuseQueue();
  return std::nullopt;
}

bool Space::Exists(const std::string& queue) {
  queue::Effects effects;
  core_.Apply({++last_operation_}, {}, Peek{queue, 1}, Now(), false, effects);
  return !effects.answers.empty() && effects.answers.front().second.ok();
}

void Space::Finish(OperationId own, Completion* completion) {
  WatchMemory();
  Count();
  ArmDeadline();
  if (effects_.memory_freed) spaces_.MemoryFreed(watching_memory_);
  ReleaseAnswers(own, completion);
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
  const auto next = core_.NextDeadline();
  if (!next || (armed_ && *armed_ <= *next)) return;
  armed_ = next;
  spaces_.schedule().Arm(shared_from_this(), *next);
}

void Space::ReleaseAnswers(OperationId own, Completion* completion) {
  // A journal that keeps nothing is reached at once: its steps need no batch.
  const auto held = spaces_.reaches() == Durability::kMemory ? nullptr : std::make_shared<Held>();
  for (auto& [operation, answer] : effects_.answers) {
    Completion to = completion != nullptr && operation == own ? std::move(*completion) : TakeCompletion(operation);
    if (held) {
      held->emplace_back(std::move(to), std::move(answer));
    } else {
      CompletionScope::Add(std::move(to), std::move(answer));
    }
  }
  effects_.Clear();
  if (effects_.answers.capacity() > kKeptAnswers) effects_.answers.shrink_to_fit();
  if (!held) return;
  // Under the mutex, because the order of steps is the order of positions. Publish only lengthens the loop of this
  // thread's scope, should the journal call it before Append returns.
  const std::uint64_t position = ++position_;
  const journal::Batch batch{.space = name_, .position = position, .batch_id = position, .records = {}};
  spaces_.journal().Append(batch, [held](journal::AppendResult result) { Publish(*held, result); });
}

Completion Space::TakeCompletion(OperationId operation) {
  auto node = parked_.extract(operation);
  assert(!node.empty() && "the core answered an operation that does not wait");
  return std::move(node.mapped());
}

}  // namespace sluice::broker
