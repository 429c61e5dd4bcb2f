// All namespaces, and what they share: memory, bounds, deadlines, the journal.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/clock.h>
#include <sluice/mutex.h>

#include "common/answer.h"
#include "common/command.h"
#include "server/broker/options.h"
#include "server/broker/schedule.h"
#include "server/broker/space.h"
#include "server/journal/journal.h"
#include "server/queue/memory_budget.h"

namespace sluice::broker {

// Thread safety: all methods may be called from any thread. Borrows: clock and storage, for life.
class Spaces : public std::enable_shared_from_this<Spaces> {
 public:
  Spaces(const BrokerOptions& options, const Clock& clock, const Storage& storage, std::function<void()> wake);

  // Serves what the journal has, if there is one. `progress` is told of each namespace, and now and then within one;
  // `restore` gets each session that is to live on, with the namespace. Other than Ok: `error` says what is
  // wrong. Once, before anything else. Blocks: for the disk.
  journal::Result Recover(const std::function<void(const RecoveredSpace&)>& progress,
                          const std::function<void(queue::LoggedSession&&, const std::shared_ptr<Space>&)>& restore,
                          std::string* error) SLUICE_EXCLUDES(registry_mutex_);
  // Returns when everything that was said is in the journal, or cannot come there. Requires: stopped.
  void WaitUntilWritten() SLUICE_EXCLUDES(registry_mutex_);

  // The namespace that is to run `command`, created if the command may create a queue in it. Null: `refusal` is set.
  std::shared_ptr<Space> Route(std::string_view name, const Command& command, Answer* refusal)
      SLUICE_EXCLUDES(registry_mutex_);
  // Null when there is none.
  std::shared_ptr<Space> Find(std::string_view name) const SLUICE_EXCLUDES(registry_mutex_);

  // From now on no command runs and none waits. Idempotent.
  void Stop() SLUICE_EXCLUDES(registry_mutex_);
  bool stopped() const { return stopped_.load(); }
  static Answer Stopping();

  const BrokerOptions& options() const { return options_; }
  const Clock& clock() const { return clock_; }
  journal::Journal* journal() const { return storage_.journal; }  // null: queues live in memory
  // Runs what waits for the disk, under no lock of the broker's. Requires: a CompletionScope is open.
  void RunBlocking(std::function<void()> task);
  // The refusal of what takes space on the disk, while the journal takes nothing, or only what frees space.
  std::optional<Answer> RefuseForStorage();
  void ReportTrouble(const std::string& trouble);
  void Note(const std::string& what);
  Durability reaches() const { return reaches_; }
  queue::MemoryBudget& budget() { return budget_; }
  Schedule& schedule() { return schedule_; }

  // ---- bounds over all namespaces. Threads that reach one at the same instant may exceed it by one each. ----
  bool MayWait() const { return waiters_.load(std::memory_order_relaxed) < options_.max_waiters; }
  bool QueuesFull() const { return queues_.load(std::memory_order_relaxed) >= options_.max_queues; }
  static Answer RefuseQueue();
  void Count(std::size_t waiters_before, std::size_t waiters, std::size_t queues_before, std::size_t queues);
  std::size_t waiters() const { return waiters_.load(); }
  std::size_t queues() const { return queues_.load(); }
  std::size_t size() const SLUICE_EXCLUDES(registry_mutex_);

  // ---- memory that one namespace frees and another waits for ----
  // From its return on, memory that is freed is told to `space`: what was freed before, it must try itself.
  void WaitForMemory(std::shared_ptr<Space> space) SLUICE_EXCLUDES(memory_mutex_);
  void StopWaitingForMemory(const Space* space) SLUICE_EXCLUDES(memory_mutex_);
  // Lets those that wait try again, in the order in which they began to. Costs one atomic load when nobody waits but
  // the namespace that freed it (`by_waits`): that one has tried already. Requires: a CompletionScope is open.
  void MemoryFreed(bool by_waits);

 private:
  void RetryMemory() SLUICE_EXCLUDES(memory_mutex_);

  const BrokerOptions options_;
  const Clock& clock_;
  const Storage storage_;
  const Durability reaches_;
  queue::MemoryBudget budget_;
  Schedule schedule_;
  std::atomic<std::size_t> waiters_{0};
  std::atomic<std::size_t> queues_{0};
  std::atomic<std::size_t> memory_waiters_{0};  // memory_waiting_.size()
  std::atomic<bool> stopped_{false};            // set under registry_mutex_
  std::atomic<TimePoint> storage_looked_at_{TimePoint{}};
  std::atomic<bool> storage_ok_{true};

  mutable Mutex registry_mutex_;
  std::map<std::string, std::shared_ptr<Space>, std::less<>> spaces_ SLUICE_GUARDED_BY(registry_mutex_);

  Mutex memory_mutex_;
  std::vector<std::shared_ptr<Space>> memory_waiting_ SLUICE_GUARDED_BY(memory_mutex_);  // the longest waiting first
};

}  // namespace sluice::broker
