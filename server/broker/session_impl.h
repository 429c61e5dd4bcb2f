// What is behind Session.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sluice/mutex.h>

#include "common/answer.h"
#include "common/command.h"
#include "common/ids.h"
#include "server/broker/answer_log.h"
#include "server/broker/completion.h"
#include "server/broker/schedule.h"
#include "server/broker/session.h"
#include "server/broker/space.h"

namespace sluice::broker {

class Sessions;

// Two mutexes, so that answers are not held up by a submit that waits for a busy namespace:
//   order_mutex_   one thing at a time happens to the session: an operation begins, a stream comes or goes, it ends.
//                  Held while namespaces take their steps, so that they see these things in the same order.
//   answer_mutex_  the answers and who takes them. Held for moments only.
//
// Thread safety: all methods may be called from any thread.
class Session::Impl final : public Timed, public std::enable_shared_from_this<Session::Impl> {
 public:
  Impl(SessionId id, std::string token, std::string client_name, std::chrono::milliseconds lease,
       std::shared_ptr<Sessions> sessions);

  SessionId id() const { return id_; }
  const std::string& token() const { return token_; }
  const std::string& client_name() const { return client_name_; }
  std::chrono::milliseconds lease() const { return lease_; }
  std::chrono::milliseconds grace() const { return grace_; }

  // The grace period begins: a stream is to attach itself.
  void Start();
  Attached Attach(std::shared_ptr<SessionSink> sink, std::uint64_t answers_seen)
      SLUICE_EXCLUDES(order_mutex_, answer_mutex_);
  void Detach(const SessionSink* sink) SLUICE_EXCLUDES(order_mutex_, answer_mutex_);
  // The sink is told `reason`. Idempotent.
  void End(Reason reason, const std::string& message) SLUICE_EXCLUDES(order_mutex_, answer_mutex_);

  void Touch();
  bool Confirm(std::uint64_t answers_seen) SLUICE_EXCLUDES(order_mutex_, answer_mutex_);

  // Takes the commands out of `operations`.
  void SubmitAll(std::vector<SubmittedOperation>& operations) SLUICE_EXCLUDES(order_mutex_, answer_mutex_);
  bool Submit(std::uint64_t operation, std::string_view space, Command&& command)
      SLUICE_EXCLUDES(order_mutex_, answer_mutex_);
  bool Refuse(std::uint64_t operation, Answer&& answer) SLUICE_EXCLUDES(order_mutex_, answer_mutex_);
  bool Cancel(std::uint64_t operation, std::uint64_t target) SLUICE_EXCLUDES(order_mutex_, answer_mutex_);
  // Runs a command in the session's name whose answer is not one of the session's answers.
  OperationId Run(std::string_view space, Command&& command, Completion&& completion)
      SLUICE_EXCLUDES(order_mutex_, answer_mutex_);

  std::vector<SessionAnswer> TakeAnswers(const SessionSink* sink, std::size_t max_items, std::size_t max_bytes)
      SLUICE_EXCLUDES(answer_mutex_);

  // Ends the session if it was silent, or without a stream, for too long.
  void Due() override SLUICE_EXCLUDES(order_mutex_, answer_mutex_);

 private:
  // A waiting operation, for Cancel.
  struct Waiting {
    std::shared_ptr<Space> space;
    OperationId id;
  };

  // False: the number was used before.
  bool Begin(std::uint64_t operation) SLUICE_REQUIRES(order_mutex_);
  // The namespace that is to run `command`; null: `refusal` is set. Remembers it.
  std::shared_ptr<Space> Reach(std::string_view space, const Command& command, Answer* refusal)
      SLUICE_REQUIRES(order_mutex_);
  // The completion of `operation`: retains the answer and wakes the stream. `space` is null when none was reached.
  void Answered(std::uint64_t operation, const std::shared_ptr<Space>& space, Answer&& answer)
      SLUICE_EXCLUDES(order_mutex_, answer_mutex_);
  // Answers that the client has: their auto_ack deliveries are finished.
  void FinishDeliveries(const std::vector<SessionAnswer>& answers) SLUICE_REQUIRES(order_mutex_);
  void LeaveSpaces(const std::vector<SessionAnswer>& unsent) SLUICE_REQUIRES(order_mutex_);
  TimePoint Deadline() const SLUICE_REQUIRES(answer_mutex_);

  const SessionId id_;
  const std::string token_;
  const std::string client_name_;
  const std::chrono::milliseconds lease_;
  const std::chrono::milliseconds grace_;
  const std::shared_ptr<Sessions> sessions_;

  std::atomic<TimePoint> last_seen_;
  std::atomic<bool> ended_{false};  // set under both mutexes

  Mutex order_mutex_;  // acquired before answer_mutex_
  std::uint64_t operations_seen_ SLUICE_GUARDED_BY(order_mutex_) = 0;
  std::map<std::string, std::shared_ptr<Space>, std::less<>> spaces_ SLUICE_GUARDED_BY(order_mutex_);  // touched
  bool suspended_ SLUICE_GUARDED_BY(order_mutex_) = false;

  Mutex answer_mutex_;
  AnswerLog log_ SLUICE_GUARDED_BY(answer_mutex_);
  std::shared_ptr<SessionSink> sink_ SLUICE_GUARDED_BY(answer_mutex_);  // null: no stream
  bool woken_ SLUICE_GUARDED_BY(answer_mutex_) = false;                 // sink_ was woken and has taken nothing since
  TimePoint detached_ SLUICE_GUARDED_BY(answer_mutex_);                 // since when there is no stream
  std::unordered_map<std::uint64_t, Waiting> waiting_ SLUICE_GUARDED_BY(answer_mutex_);
  std::uint64_t submitting_ SLUICE_GUARDED_BY(answer_mutex_) = 0;  // begun, not answered, and not in waiting_ yet
};

}  // namespace sluice::broker
