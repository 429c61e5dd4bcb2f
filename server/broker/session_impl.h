// What is behind Session.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
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
#include "server/queue/number_table.h"

namespace sluice::broker {

class Sessions;

// Two mutexes, so that answers are not held up by a submit that waits for a busy namespace:
//   order_mutex_   one thing at a time happens to the session: an operation begins, a stream comes or goes, it ends.
//                  Held while namespaces take their steps, so that they see these things in the same order.
//   answer_mutex_  the answers and who takes them. Held for moments only.
// A message costs each of them once or twice, however many operations it carries.
//
// Thread safety: all methods may be called from any thread.
class Session::Impl final : public Timed, public AnswerReceiver {
 public:
  Impl(SessionId id, std::string token, std::string client_name, std::chrono::milliseconds lease,
       std::shared_ptr<Sessions> sessions);

  SessionId id() const { return id_; }
  const std::string& token() const { return token_; }
  const std::string& client_name() const { return client_name_; }
  std::chrono::milliseconds lease() const { return lease_; }
  std::chrono::milliseconds grace() const { return grace_; }

  // The grace period begins: a stream is to attach itself.
  void Start() SLUICE_EXCLUDES(answer_mutex_);
  // Before Start, after a restart of the server: it is known in `space`, and perhaps in others.
  void Restore(const std::shared_ptr<Space>& space) SLUICE_EXCLUDES(order_mutex_);
  void Holding(std::vector<HeldLeases>&& held) SLUICE_EXCLUDES(order_mutex_);
  Attached Attach(std::shared_ptr<SessionSink> sink, std::uint64_t answers_seen)
      SLUICE_EXCLUDES(order_mutex_, answer_mutex_);
  void Detach(const SessionSink* sink) SLUICE_EXCLUDES(order_mutex_, answer_mutex_);
  // The sink is told `reason`. Idempotent.
  void End(Reason reason, const std::string& message) SLUICE_EXCLUDES(order_mutex_, answer_mutex_);

  // Returns what time it is.
  TimePoint Touch();
  bool Confirm(std::uint64_t answers_seen) SLUICE_EXCLUDES(order_mutex_, answer_mutex_);

  // Takes the commands out of `operations`.
  void SubmitAll(std::span<SubmittedOperation> operations) SLUICE_EXCLUDES(order_mutex_, answer_mutex_);
  // False: its number was used before.
  bool Submit(SubmittedOperation&& operation) SLUICE_EXCLUDES(order_mutex_, answer_mutex_);
  // Runs a command in the session's name whose answer is not one of the session's answers.
  OperationId Run(std::string_view space, Command&& command, Completion&& completion)
      SLUICE_EXCLUDES(order_mutex_, answer_mutex_);

  std::vector<SessionAnswer> TakeAnswers(const SessionSink* sink, std::size_t max_items, std::size_t max_bytes,
                                         std::vector<SessionRecall>* recalls) SLUICE_EXCLUDES(answer_mutex_);

  // Retains the answers and wakes the stream.
  void Answered(std::vector<NumberedAnswer>& answers) override SLUICE_EXCLUDES(order_mutex_, answer_mutex_);
  // For the stream of now, if there is one.
  void Recalled(const Space& space, const std::string& queue, Fence last) override SLUICE_EXCLUDES(answer_mutex_);

  // Ends the session if it was silent, or without a stream, for too long.
  void Due() override SLUICE_EXCLUDES(order_mutex_, answer_mutex_);

 private:
  // A waiting operation, for Cancel.
  struct Waiting {
    Space* space = nullptr;
    OperationId id;
  };

  // Runs the first of `operations` and those after it that take the same step. Returns how many they are.
  std::size_t RunSome(std::span<SubmittedOperation> operations, TimePoint now) SLUICE_REQUIRES(order_mutex_);
  // Answers one that reaches no namespace.
  void Refuse(const SubmittedOperation& operation, Answer&& refusal);
  // How many of `operations` are new commands for `space`, in a row from the first.
  std::size_t CountFor(const Space& space, std::span<const SubmittedOperation> operations) const
      SLUICE_REQUIRES(order_mutex_);
  // The namespace that is to run `command`; null: `refusal` is set. Remembers it.
  Space* Reach(std::string_view space, const Command& command, Answer* refusal) SLUICE_REQUIRES(order_mutex_);
  void Cancel(std::uint64_t target) SLUICE_REQUIRES(order_mutex_);
  // Takes what was answered since out of waiting_: by now everything that waits is in it.
  void ForgetAnswered() SLUICE_REQUIRES(order_mutex_) SLUICE_EXCLUDES(answer_mutex_);
  // Confirm, when it may finish items.
  bool ConfirmAndFinish(std::uint64_t answers_seen) SLUICE_EXCLUDES(order_mutex_, answer_mutex_);
  // Answers that the client has: their auto_ack deliveries are finished.
  void FinishDeliveries(const std::vector<NumberedAnswer>& answers) SLUICE_REQUIRES(order_mutex_);
  void LeaveSpaces(const std::vector<NumberedAnswer>& unsent) SLUICE_REQUIRES(order_mutex_);
  queue::LoggedSession Logged() const { return {id_, token_, client_name_, lease_}; }
  std::shared_ptr<Impl> Share() { return std::static_pointer_cast<Impl>(shared_from_this()); }
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
  Space* latest_ SLUICE_GUARDED_BY(order_mutex_) = nullptr;  // that was reached, if any: usually the next one, too
  bool suspended_ SLUICE_GUARDED_BY(order_mutex_) = false;
  bool restarted_ SLUICE_GUARDED_BY(order_mutex_) = false;  // and its client has not said yet what it holds
  // What may still wait: those that were answered go when the next operation comes.
  queue::NumberTable<Waiting> waiting_ SLUICE_GUARDED_BY(order_mutex_);
  std::vector<WaitingOperation> began_to_wait_ SLUICE_GUARDED_BY(order_mutex_);  // a buffer

  Mutex answer_mutex_;
  AnswerLog log_ SLUICE_GUARDED_BY(answer_mutex_);
  std::vector<SessionRecall> recalls_ SLUICE_GUARDED_BY(answer_mutex_);   // not taken by sink_ yet
  std::shared_ptr<SessionSink> sink_ SLUICE_GUARDED_BY(answer_mutex_);    // null: no stream
  bool woken_ SLUICE_GUARDED_BY(answer_mutex_) = false;                   // sink_ was woken and has taken nothing since
  std::size_t unhurried_ SLUICE_GUARDED_BY(answer_mutex_) = 0;            // answers since that may wait
  TimePoint detached_ SLUICE_GUARDED_BY(answer_mutex_);                   // since when there is no stream
  std::vector<std::uint64_t> answered_ SLUICE_GUARDED_BY(answer_mutex_);  // have waited, and may be in waiting_
  std::atomic<bool> any_answered_{false};                                 // !answered_.empty(), set under answer_mutex_
};

}  // namespace sluice::broker
