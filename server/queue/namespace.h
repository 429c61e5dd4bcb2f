// The pure core: all queues of one namespace as one deterministic state machine.
//
// Commands and `now` in; answers, records and the next deadline out. No threads, no clock, no I/O: the broker holds a
// mutex around it, the simulator and the tests drive it bare, recovery replays the records into it.
//
// With a log, what a step changes in durable queues is added to the batch that is being written; whoever drives the
// namespace takes batches, appends them to the journal, and holds each answer back until `Answer::after` is durable.
//
// Every command gets exactly one answer: at once, or later as a waiter. Waiters are served strictly in order of
// arrival per queue and direction; whoever unlinks one is the only one who answers it.
//
// Thread safety: none (the caller's mutex). On error: the answer says so; state is unchanged.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/answer.h"
#include "common/command.h"
#include "common/ids.h"
#include "common/limits.h"
#include "server/queue/log.h"
#include "server/queue/memory_budget.h"

namespace sluice::queue {

struct Home;

// A session may hold items of a queue that it got in advance: those that it has not begun are wanted back, as far as
// they were delivered by now. A hint, said once for what it holds; it may be lost.
struct Recall {
  SessionId session;
  std::string queue;
  Fence last;  // of what was delivered: others come later
};

// What a call to the core brought about. Reused by the caller from call to call.
struct Effects {
  std::vector<std::pair<OperationId, Answer>> answers;  // in the order in which they happened
  std::vector<Recall> recalls;
  std::vector<std::uint64_t> loads;  // positions whose contents are to be read: Loaded is awaited for each
  bool memory_freed = false;         // puts in other namespaces that wait for the server's memory may fit now

  void Clear() {
    answers.clear();
    recalls.clear();
    loads.clear();
    memory_freed = false;
  }
};

// Counts that the broker bounds over all namespaces; the core asks before it adds.
struct NamespaceLimits {
  std::size_t max_queues;
  std::size_t log_bytes = limits::kLogBytes;          // in a log up to this size items stay where they are
  std::size_t window_bytes = limits::kPagingBytes;    // of contents at the front of a long queue, in memory
  std::size_t batch_bytes = limits::kBatchFillBytes;  // a batch that is larger takes no more puts
  std::uint64_t numbers_skipped = limits::kNumbersSkipped;
  std::size_t put_window = limits::kPutWindow;          // puts that are known again when they come again
  std::size_t settled_leases = limits::kSettledLeases;  // of a session, known after a restart
};

// A session of which the log knows.
struct LoggedSession {
  SessionId id;
  std::string token;
  std::string client_name;
  std::chrono::milliseconds lease{0};
};

class Namespace {
 public:
  // Borrows: `budget`, for life.
  Namespace(std::string name, NamespaceLimits limits, MemoryBudget& budget);
  ~Namespace();

  // Runs `command` as operation `op` of `session` (none: a unary call; its leases get deadlines).
  // Returns true when the operation waits: its answer comes in the effects of a later call. `may_wait` false
  // refuses with LIMIT_REACHED instead of waiting (the server's bound on waiters is used up).
  // Requires: `op` is above every one before; time never goes back. A session that was named here is ended at last.
  bool Apply(OperationId op, SessionId session, Command&& command, TimePoint now, bool may_wait, Effects& effects);

  // Answers a waiting operation with `reason`. No effect when it does not wait (any more).
  void Cancel(OperationId op, Reason reason, const std::string& message, TimePoint now, Effects& effects);
  // Answers all waiting operations so: the server drains.
  void CancelAll(Reason reason, const std::string& message, Effects& effects);

  // Does everything that is due: timeouts, leases. Idempotent.
  void Advance(TimePoint now, Effects& effects);
  // When Advance has something to do next; nullopt = never. May be early, is never late.
  std::optional<TimePoint> NextDeadline() const;
  // Serves puts that waited for the server's memory, or for the journal.
  void RetryMemory(TimePoint now, Effects& effects);
  // True while a put waits for one of the two.
  bool WaitsForMemory() const;
  // While true, no put of a durable queue is let in: the journal takes only what frees space.
  void HoldPuts(bool hold);

  // A session whose stream broke: its waiters keep their turn but are passed over; its leases stay.
  // Passing over a put that was first in line may let others in: hence the effects.
  void SuspendSession(SessionId session, TimePoint now, Effects& effects);
  // It is back, on a new stream: its waiters are served again, in their old places; what was recalled is recalled anew.
  void ResumeSession(SessionId session, TimePoint now, Effects& effects);
  // It is gone: leases return to their places (attempts counted), waiters are answered with SESSION_LOST.
  void EndSession(SessionId session, TimePoint now, Effects& effects);

  // Before the session's first command: what is written down of it when it gets a lease, so that it can be resumed
  // after a restart.
  void EnterSession(LoggedSession session);
  // The session was resumed after a restart, and its client says what it has: all its other leases of the namespace
  // go back to their places, the attempt is not counted.
  void KeepLeases(SessionId session, std::span<const Fence> fences, TimePoint now, Effects& effects);

  // A get's answer reached its client: auto_ack deliveries are finished now. Unknown fences are ignored.
  void Delivered(std::span<const Delivery> deliveries, TimePoint now, Effects& effects);
  // It did not: the items return to their places, the attempt is not counted. Unknown fences are ignored.
  void Undelivered(std::span<const Delivery> deliveries, TimePoint now, Effects& effects);

  // ---- the log ----
  // From now on batches are written, the first one for `position`. Requires: it was not started before.
  void StartLog(std::uint64_t position);
  // True when something was said since the last batch was taken.
  bool HasBatch() const;
  // Requires: HasBatch(). Whoever takes it appends it, before the next one.
  LogBatch TakeBatch(TimePoint now, Effects& effects);
  // The contents of the batch at `position`, which the effects asked for. False: they are not what was written.
  bool Loaded(std::uint64_t position, std::string_view contents, TimePoint now, Effects& effects);

  // ---- recovery: every batch in order, then EndReplay, StartLog ----
  // False: `error` says what is wrong with the records.
  bool Replay(std::uint64_t position, std::string_view records, std::string* error);
  // All sessions are suspended now. Nothing else happens before it. False: as Replay.
  bool EndReplay(std::string* error);
  // What recovery may not be sure of is settled, once the log is started.
  void AfterReplay(TimePoint now, Effects& effects);
  std::vector<LoggedSession> sessions() const;
  // Each item that stands in the log, and how long its payload is there. For checks of a log: O(items).
  using HomeVisitor =
      std::function<void(const std::string& queue, ItemId item, const Home& home, std::size_t payload_bytes)>;
  void VisitHomes(const HomeVisitor& visit) const;

  bool HasQueue(const std::string& name) const;
  bool IsDurable(const std::string& queue) const;  // false also if there is no such queue
  std::size_t item_count() const;
  std::size_t queue_count() const;
  std::size_t waiter_count() const;

  // Aborts with a message when an invariant is broken; for tests and the simulator. O(everything).
  void CheckInvariants() const;
  // The same, but null when all hold, else the text of the first that does not.
  const char* BrokenInvariant() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::queue
