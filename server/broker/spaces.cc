#include "server/broker/spaces.h"

#include <algorithm>
#include <utility>

#include "server/broker/creation.h"

namespace sluice::broker {
namespace {

constexpr std::chrono::milliseconds kLookAtStorage{50};  // how old what is known of its health may be

}  // namespace

Spaces::Spaces(const BrokerOptions& options, const Clock& clock, const Storage& storage, std::function<void()> wake)
    : options_(options),
      clock_(clock),
      storage_(storage),
      reaches_(storage.journal != nullptr ? Durability::kFsync : Durability::kMemory),
      budget_(options.memory_bytes),
      schedule_(clock, std::move(wake)) {}

std::shared_ptr<Space> Spaces::Route(std::string_view name, const Command& command, Answer* refusal) {
  MutexLock lock(registry_mutex_);
  if (stopped_.load()) {
    *refusal = Stopping();
    return nullptr;
  }
  if (const auto found = spaces_.find(name); found != spaces_.end()) return found->second;
  const auto creation = CreationOf(command);
  if (!creation) {
    *refusal = AnswerOfNothing(command, name);
  } else if (auto durability = RefuseDurability(creation->settings, reaches_)) {
    *refusal = std::move(*durability);
  } else if (QueuesFull()) {
    *refusal = RefuseQueue();
  } else if (spaces_.size() >= options_.max_namespaces) {
    *refusal = Answer::Refused(
        Reason::kLimitReached,
        "this server has as many namespaces as it may have: use one that exists, or raise max_namespaces");
  } else {
    auto space = std::make_shared<Space>(std::string(name), *this);
    spaces_.emplace(space->name(), space);
    if (journal() != nullptr) space->Begin();
    return space;
  }
  return nullptr;
}

journal::Result Spaces::Recover(
    const std::function<void(const RecoveredSpace&)>& progress,
    const std::function<void(queue::LoggedSession&&, const std::shared_ptr<Space>&)>& restore, std::string* error) {
  using journal::Result;
  if (journal() == nullptr) return Result::kOk;
  std::vector<journal::Extent> extents;
  if (const Result listed = journal()->List(&extents, error); listed != Result::kOk) return listed;
  CompletionScope scope;
  for (const journal::Extent& extent : extents) {
    auto space = std::make_shared<Space>(extent.space, *this);
    std::vector<queue::LoggedSession> sessions;
    if (const Result found = space->Recover(progress, &sessions, error); found != Result::kOk) return found;
    {
      MutexLock lock(registry_mutex_);
      spaces_.emplace(space->name(), space);
    }
    for (queue::LoggedSession& session : sessions) restore(std::move(session), space);
  }
  return Result::kOk;
}

void Spaces::WaitUntilWritten() {
  if (journal() == nullptr) return;
  std::vector<std::shared_ptr<Space>> all;
  {
    MutexLock lock(registry_mutex_);
    for (const auto& [name, space] : spaces_) all.push_back(space);
  }
  for (const auto& space : all) space->WaitUntilWritten();
}

void Spaces::RunBlocking(std::function<void()> task) {
  if (!storage_.run_blocking) return CompletionScope::Defer(std::move(task));
  CompletionScope::Defer([this, task = std::move(task)]() mutable { storage_.run_blocking(std::move(task)); });
}

std::optional<Answer> Spaces::RefuseForStorage() {
  if (journal() == nullptr) return std::nullopt;
  const TimePoint now = clock_.Now();
  if (now - storage_looked_at_.load(std::memory_order_relaxed) >= kLookAtStorage) {
    storage_looked_at_.store(now, std::memory_order_relaxed);
    storage_ok_.store(journal()->health().result == journal::Result::kOk, std::memory_order_relaxed);
  }
  if (storage_ok_.load(std::memory_order_relaxed)) return std::nullopt;
  const journal::Health health = journal()->health();
  if (health.result == journal::Result::kOk) return std::nullopt;
  return Answer::Refused(Reason::kUnavailable, health.text);
}

void Spaces::ReportTrouble(const std::string& trouble) {
  if (storage_.report) CompletionScope::Defer([this, trouble] { storage_.report(trouble); });
}

void Spaces::Note(const std::string& what) {
  if (storage_.note) CompletionScope::Defer([this, what] { storage_.note(what); });
}

std::shared_ptr<Space> Spaces::Find(std::string_view name) const {
  MutexLock lock(registry_mutex_);
  const auto found = spaces_.find(name);
  return found == spaces_.end() ? nullptr : found->second;
}

void Spaces::Stop() {
  std::vector<std::shared_ptr<Space>> all;
  {
    MutexLock lock(registry_mutex_);
    stopped_.store(true);
    for (const auto& [name, space] : spaces_) all.push_back(space);
  }
  for (const auto& space : all) space->Stop();
}

Answer Spaces::Stopping() { return Answer::Refused(Reason::kUnavailable, "the server is stopping; connect again"); }

Answer Spaces::RefuseQueue() {
  return Answer::Refused(Reason::kLimitReached,
                         "this server has as many queues as it may have: delete some, or raise max_queues");
}

void Spaces::Count(std::size_t waiters_before, std::size_t waiters, std::size_t queues_before, std::size_t queues) {
  // Unsigned arithmetic wraps: a difference below zero subtracts.
  if (waiters != waiters_before) waiters_.fetch_add(waiters - waiters_before, std::memory_order_relaxed);
  if (queues != queues_before) queues_.fetch_add(queues - queues_before, std::memory_order_relaxed);
}

std::size_t Spaces::size() const {
  MutexLock lock(registry_mutex_);
  return spaces_.size();
}

void Spaces::WaitForMemory(std::shared_ptr<Space> space) {
  MutexLock lock(memory_mutex_);
  memory_waiting_.push_back(std::move(space));
  memory_waiters_.store(memory_waiting_.size());
}

void Spaces::StopWaitingForMemory(const Space* space) {
  MutexLock lock(memory_mutex_);
  std::erase_if(memory_waiting_, [&](const auto& each) { return each.get() == space; });
  memory_waiters_.store(memory_waiting_.size());
}

void Spaces::MemoryFreed(bool by_waits) {
  // Whoever begins to wait stores first and then tries the budget, whoever frees gives first and then loads: one of
  // the two sees the other (both sequentially consistent).
  if (memory_waiters_.load() <= (by_waits ? 1u : 0u)) return;
  CompletionScope::Defer([weak = weak_from_this()] {
    if (const auto spaces = weak.lock()) spaces->RetryMemory();
  });
}

void Spaces::RetryMemory() {
  std::vector<std::shared_ptr<Space>> waiting;
  {
    MutexLock lock(memory_mutex_);
    waiting = memory_waiting_;
  }
  for (const auto& space : waiting) space->RetryMemory();
}

}  // namespace sluice::broker
