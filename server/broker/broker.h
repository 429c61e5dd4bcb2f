// Routes commands to namespaces, holds their locks, keeps sessions and time.
//
// Answers come as completions, run after every lock is released, in the thread that brought the answer about: the
// caller's own, another caller's, or the one that calls RunDue. A completion must not block.
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
#include "common/limits.h"
#include "server/broker/session.h"

namespace sluice::journal {
class Journal;
}

namespace sluice::broker {

struct BrokerOptions {
  std::size_t memory_bytes = limits::kMemoryBytes;
  std::size_t max_queues = limits::kQueues;
  std::size_t max_namespaces = limits::kNamespaces;
  std::size_t max_waiters = limits::kWaiters;
  std::size_t max_sessions = limits::kSessions;
  std::chrono::milliseconds grace = limits::kGrace;  // a session without a stream is kept this long
};

// Exactly one call per submitted operation.
using Completion = std::function<void(Answer&&)>;

// Names a submitted operation for Cancel. Cheap to copy; may outlive the operation.
struct OperationRef {
  std::string space;
  OperationId id;  // none: it was answered before Submit returned
};

struct BrokerStatus {
  std::size_t namespaces = 0, queues = 0, waiters = 0, sessions = 0;
  std::size_t memory_used = 0, memory_limit = 0;
  bool draining = false;
};

class Broker {
 public:
  // `wake` is called, under no lock, when RunDue is to be called earlier than it last said.
  // Borrows: clock and journal, for life.
  Broker(BrokerOptions options, const Clock& clock, journal::Journal& journal, std::function<void()> wake);
  // Requires: no call is running. Waiting operations are answered with UNAVAILABLE.
  ~Broker();

  // Runs a command in namespace `space` (a valid name). `session` none: a unary call.
  OperationRef Submit(SessionId session, std::string_view space, Command command, Completion completion);
  // The operation ends with CANCELLED unless it was answered first.
  void Cancel(const OperationRef& operation);

  // What became of a GetResult that was answered to a unary or an embedded caller (sessions do this themselves).
  void Delivered(std::string_view space, std::span<const Delivery> deliveries);
  void Undelivered(std::string_view space, std::span<const Delivery> deliveries);

  // ---- sessions ----
  // A new session; null (and `*refusal` set) at a limit or while draining. `lease` 0 = the default; clamped to limits.
  std::shared_ptr<Session> OpenSession(std::string client_name, std::chrono::milliseconds lease, Answer* refusal);
  // An existing one by its id and secret token; null when unknown or ended.
  std::shared_ptr<Session> FindSession(SessionId id, std::string_view token);

  // Does all work that is due by the clock and returns when to be called next; nullopt = when woken.
  std::optional<TimePoint> RunDue();

  // Refuses new work from now on and answers every waiting operation with UNAVAILABLE. Idempotent.
  void Drain();

  BrokerStatus Status() const;

 private:
  friend class Session;
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::broker
