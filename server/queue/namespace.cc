#include "server/queue/namespace.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>
#include <variant>

#include "server/queue/replayer.h"

namespace sluice::queue {

Namespace::State::State(std::string name, NamespaceLimits limits, MemoryBudget& budget)
    : name_(std::move(name)), limits_(limits), budget_(budget), log_limit_(limits.log_bytes) {}

Namespace::State::~State() {
  for (const auto& [name, queue] : queues_) {
    if (queue->counts_as_paged) budget_.RemovePaged();
    budget_.Give(queue->cold.size() * limits::kColdItemBytes);
    for (const StoredItem* item = queue->items.front(); item != nullptr; item = queue->items.Next(item)) {
      budget_.Give(Charge(*item));
    }
  }
  waiters_.ForEach(
      [this](std::uint64_t, const std::unique_ptr<Waiter>& waiter) { budget_.Unpark(waiter->parked_bytes); });
}

std::size_t Namespace::State::item_count() const {
  std::size_t count = replayer_ ? replayer_->item_count() : 0;
  for (const auto& [name, queue] : queues_) count += queue->unfinished();
  return count;
}

Namespace::Namespace(std::string name, NamespaceLimits limits, MemoryBudget& budget)
    : state_(std::make_unique<State>(std::move(name), limits, budget)) {}

Namespace::~Namespace() = default;

bool Namespace::Apply(OperationId op, SessionId session, Command&& command, TimePoint now, bool may_wait,
                      Effects& effects) {
  const Call call{op, state_->SessionOf(session), now, may_wait, effects, state_->log()};
  const bool waits = std::visit([&](auto&& one) { return state_->Run(call, std::move(one)); }, std::move(command));
  state_->EndStep(now, effects);
  return waits;
}

void Namespace::Cancel(OperationId op, Reason reason, const std::string& message, TimePoint now, Effects& effects) {
  state_->Cancel(op, reason, message, now, effects);
  state_->RecallItems(effects);
}

void Namespace::CancelAll(Reason reason, const std::string& message, Effects& effects) {
  state_->CancelAll(reason, message, effects);
}

void Namespace::Advance(TimePoint now, Effects& effects) {
  state_->Advance(now, effects);
  state_->EndStep(now, effects);
}

std::optional<TimePoint> Namespace::NextDeadline() const { return state_->NextDeadline(); }

void Namespace::RetryMemory(TimePoint now, Effects& effects) {
  state_->RetryMemory(now, effects);
  state_->RecallItems(effects);
}

bool Namespace::WaitsForMemory() const { return state_->WaitsForMemory(); }

void Namespace::HoldPuts(bool hold) { state_->HoldPuts(hold); }

void Namespace::SuspendSession(SessionId session, TimePoint now, Effects& effects) {
  state_->SuspendSession(session, now, effects);
  state_->RecallItems(effects);
}

void Namespace::ResumeSession(SessionId session, TimePoint now, Effects& effects) {
  state_->ResumeSession(session, now, effects);
  state_->RecallItems(effects);
}

void Namespace::EndSession(SessionId session, TimePoint now, Effects& effects) {
  state_->EndSession(session, now, effects);
  state_->EndStep(now, effects);
}

void Namespace::Delivered(std::span<const Delivery> deliveries, TimePoint now, Effects& effects) {
  state_->Delivered(deliveries, now, effects);
  state_->EndStep(now, effects);
}

void Namespace::Undelivered(std::span<const Delivery> deliveries, TimePoint now, Effects& effects) {
  state_->Undelivered(deliveries, now, effects);
  state_->EndStep(now, effects);
}

void Namespace::EnterSession(LoggedSession session) { state_->EnterSession(std::move(session)); }

void Namespace::KeepLeases(SessionId session, std::span<const Fence> fences, TimePoint now, Effects& effects) {
  state_->KeepLeases(session, fences, now, effects);
  state_->EndStep(now, effects);
}

void Namespace::StartLog(std::uint64_t position) { state_->StartLog(position); }

bool Namespace::HasBatch() const { return state_->log().started() && !state_->log().empty(); }

LogBatch Namespace::TakeBatch(TimePoint now, Effects& effects) { return state_->TakeBatch(now, effects); }

bool Namespace::Loaded(std::uint64_t position, std::string_view contents, TimePoint now, Effects& effects) {
  const bool whole = state_->Loaded(position, contents, now, effects);
  state_->EndStep(now, effects);
  return whole;
}

bool Namespace::Replay(std::uint64_t position, std::string_view records, std::string* error) {
  return state_->Replay(position, records, error);
}

bool Namespace::EndReplay(std::string* error) { return state_->EndReplay(error); }

void Namespace::AfterReplay(TimePoint now, Effects& effects) {
  state_->AfterReplay(now, effects);
  state_->EndStep(now, effects);
}

std::vector<LoggedSession> Namespace::sessions() const { return state_->sessions(); }

bool Namespace::HasQueue(const std::string& name) const { return state_->HasQueue(name); }

bool Namespace::IsDurable(const std::string& queue) const { return state_->IsDurable(queue); }

std::size_t Namespace::item_count() const { return state_->item_count(); }

std::size_t Namespace::queue_count() const { return state_->queue_count(); }

std::size_t Namespace::waiter_count() const { return state_->waiter_count(); }

void Namespace::VisitHomes(const HomeVisitor& visit) const { state_->VisitHomes(visit); }

const char* Namespace::BrokenInvariant() const { return state_->BrokenInvariant(); }

void Namespace::CheckInvariants() const {
  const char* const broken = BrokenInvariant();
  if (broken == nullptr) return;
  std::fprintf(stderr, "sluice: broken invariant of the core: %s\n", broken);
  std::abort();
}

}  // namespace sluice::queue
