// Routes commands to namespaces, holds their locks, keeps sessions and time.
//
// Answers come as completions, run after every lock is released, in the thread that brought the answer about: the
// caller's own, another caller's, or the one that calls RunDue. A completion must not block or throw. It may call the
// broker again; what that answers at once comes after it has returned (see CompletionScope).
//
// Thread safety: all methods may be called from any thread, also from completions.
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
#include <vector>

#include <sluice/clock.h>

#include "common/answer.h"
#include "common/command.h"
#include "common/ids.h"
#include "server/broker/completion.h"
#include "server/broker/options.h"
#include "server/broker/recovered_space.h"
#include "server/broker/session.h"
#include "server/journal/journal.h"

namespace sluice::broker {

// Names a submitted operation for Cancel. Cheap to copy; may outlive the operation.
struct OperationRef {
  std::string space;
  OperationId id;  // none: answered at once, there is nothing to cancel
};

struct StorageStatus {
  journal::Health health{};
  journal::Activity activity{};
};

struct BrokerStatus {
  std::size_t namespaces = 0, queues = 0, waiters = 0, sessions = 0;
  std::size_t memory_used = 0, memory_limit = 0;
  bool draining = false;
  std::optional<StorageStatus> storage{};  // none: queues live in memory
};

class Broker {
 public:
  // `wake` is called, under no lock, when RunDue is to be called earlier than it last said; then not again until
  // RunDue has run. It may call RunDue itself.
  // Borrows: the clock, and what `storage` says, for life.
  Broker(BrokerOptions options, const Clock& clock, Storage storage, std::function<void()> wake);
  // Drains, and ends every session (its sink is Gone, UNAVAILABLE). A Session may be held longer: it has ended.
  // Requires: no call is running.
  ~Broker();

  // Serves what the journal has: queues, items, leases; sessions wait for their clients, for the grace period from its
  // return on. Once, before anything else, if there is a journal. `progress` is told now and then, and of each
  // namespace when it is done; it is to call nothing. Other than Ok: `error` names what is damaged and what to do; the
  // broker must not be used. Blocks: for the disk.
  journal::Result Recover(const std::function<void(const RecoveredSpace&)>& progress, std::string* error);

  // Runs a command in namespace `space` (a valid name). `session` none: a unary call. With a session, its leases and
  // its turn in line are the session's, its answer is not one of the session's numbered answers.
  // A namespace comes into being with its first queue: in an unknown one a listing is empty, and everything but a
  // create, or a put or get with `create`, is refused with QUEUE_NOT_FOUND.
  OperationRef Submit(SessionId session, std::string_view space, Command command, Completion completion);
  // The operation ends with CANCELLED unless it was answered first. Idempotent.
  void Cancel(const OperationRef& operation);

  // What became of a GetResult that was answered to a unary or an embedded caller (sessions do this themselves).
  // Idempotent; fences that are not held are ignored.
  void Delivered(std::string_view space, std::span<const Delivery> deliveries);
  void Undelivered(std::string_view space, std::span<const Delivery> deliveries);

  // ---- sessions ----
  // A new session; null (and `*refusal` set) at a limit or while draining. `lease` 0 = the default; clamped to limits.
  // It ends by itself when no stream attaches within the grace period.
  std::shared_ptr<Session> OpenSession(std::string client_name, std::chrono::milliseconds lease, Answer* refusal);
  // An existing one by its id and secret token; null when unknown or ended.
  std::shared_ptr<Session> FindSession(SessionId id, std::string_view token);

  // Does all work that is due by the clock (timeouts, leases, sessions that were silent for too long) and returns when
  // to be called next; nullopt = when woken. Calling it too early does no harm.
  std::optional<TimePoint> RunDue();

  // From now on commands and new sessions are refused with UNAVAILABLE, and so is every waiting operation. Sessions
  // and their streams go on, so that these answers still reach their clients: whoever owns the streams closes them
  // when they were written, or at a deadline. What the journal is to know, it has when this returns. Idempotent.
  // Blocks: for the journal.
  void Drain();

  BrokerStatus Status() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::broker
