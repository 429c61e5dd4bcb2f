// One namespace at work: the core behind its mutex, and the completions of the operations that wait in it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <sluice/mutex.h>

#include "common/answer.h"
#include "common/command.h"
#include "common/ids.h"
#include "server/broker/completion.h"
#include "server/broker/schedule.h"
#include "server/broker/session.h"
#include "server/queue/namespace.h"
#include "server/queue/number_table.h"

namespace sluice::broker {

class Spaces;

// Who hears the answer of an operation: a function, or a receiver that knows it by `operation`.
struct Addressee {
  Completion completion;
  // Borrows: it ends its session in every namespace that it has used before it goes, so that nothing waits for it.
  AnswerReceiver* receiver = nullptr;
  std::uint64_t operation = 0;
  bool waited = false;
  bool may_wait = false;
};

// One of those, in the receiver's words and in the namespace's.
struct WaitingOperation {
  std::uint64_t operation = 0;
  OperationId id;
};

// Every method is one step of the core under the mutex; the answers that it brings about are released, through the
// journal, after it. A namespace stays as long as the broker: its fences and ids must never be given out again.
//
// Thread safety: all methods may be called from any thread. Borrows: `spaces`, for life.
class Space final : public Timed, public std::enable_shared_from_this<Space> {
 public:
  Space(std::string name, Spaces& spaces);

  const std::string& name() const { return name_; }

  // Returns the id under which the operation waits; none when it was answered. The command is valid and may be run.
  OperationId Submit(SessionId session, Command&& command, Completion&& completion) SLUICE_EXCLUDES(mutex_);
  // The same for several at once that came at the time `came`, in order, in one step: all of `operations` are routed
  // commands, which are taken, and `receiver` hears their answers. Appends to `waiting` those that were not answered at
  // once.
  void SubmitAll(SessionId session, TimePoint came, std::span<SubmittedOperation> operations, AnswerReceiver& receiver,
                 std::vector<WaitingOperation>* waiting) SLUICE_EXCLUDES(mutex_);
  // No effect when the operation does not wait (any more).
  void Cancel(OperationId operation) SLUICE_EXCLUDES(mutex_);
  void Delivered(std::span<const Delivery> deliveries) SLUICE_EXCLUDES(mutex_);
  void Undelivered(std::span<const Delivery> deliveries) SLUICE_EXCLUDES(mutex_);

  // Before the session's first command. `receiver` hears its recalls until it ends here. Borrows it as Addressee does.
  void EnterSession(SessionId session, AnswerReceiver& receiver) SLUICE_EXCLUDES(mutex_);
  void SuspendSession(SessionId session) SLUICE_EXCLUDES(mutex_);
  void ResumeSession(SessionId session) SLUICE_EXCLUDES(mutex_);
  // `unsent`: deliveries to the session that never left the server, so that their attempt is not counted.
  void EndSession(SessionId session, std::span<const Delivery> unsent) SLUICE_EXCLUDES(mutex_);

  // Puts that wait for the server's memory try again.
  void RetryMemory() SLUICE_EXCLUDES(mutex_);
  void Due() override SLUICE_EXCLUDES(mutex_);
  // Answers what waits with UNAVAILABLE, and every later command too.
  void Stop() SLUICE_EXCLUDES(mutex_);

 private:
  TimePoint Now() SLUICE_REQUIRES(mutex_);
  // `read`, unless this namespace has seen a later time: it never sees time go back.
  TimePoint Now(TimePoint read) SLUICE_REQUIRES(mutex_) { return latest_ = std::max(latest_, read); }
  bool Exists(const std::string& queue) SLUICE_REQUIRES(mutex_);
  // Refuses what must not reach the core.
  std::optional<Answer> Refuse(const Command& command) SLUICE_REQUIRES(mutex_);

  // One operation of a step: its id when it waits; else none, and its answer is in the effects.
  OperationId Begin(SessionId session, Command&& command, TimePoint now, Addressee&& addressee) SLUICE_REQUIRES(mutex_);
  // Ends a step: takes note of what has changed and releases the answers.
  void Finish() SLUICE_REQUIRES(mutex_);
  void WatchMemory() SLUICE_REQUIRES(mutex_);
  void Count() SLUICE_REQUIRES(mutex_);
  void ArmDeadline() SLUICE_REQUIRES(mutex_);
  // Of the step: who is to hear them.
  struct Told {
    std::shared_ptr<AnswerReceiver> receiver;
    std::string queue;
    Fence last;
  };
  std::vector<Told> TakeRecalls() SLUICE_REQUIRES(mutex_);
  void Tell(std::vector<Told>&& recalls);
  void ReleaseAnswers() SLUICE_REQUIRES(mutex_);
  void ReleaseThroughJournal() SLUICE_REQUIRES(mutex_);
  void ForgetEffects() SLUICE_REQUIRES(mutex_);
  void Release(Addressee&& addressee, Answer&& answer);

  const std::string name_;
  Spaces& spaces_;

  mutable Mutex mutex_;
  queue::Namespace core_ SLUICE_GUARDED_BY(mutex_);
  queue::Effects effects_ SLUICE_GUARDED_BY(mutex_);                    // of the step that runs; its buffer is reused
  queue::NumberTable<Addressee> addressees_ SLUICE_GUARDED_BY(mutex_);  // of operations that are not answered yet
  std::unordered_map<SessionId, AnswerReceiver*> sessions_ SLUICE_GUARDED_BY(mutex_);
  std::uint64_t last_operation_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::uint64_t position_ SLUICE_GUARDED_BY(mutex_) = 0;  // of the last batch in the journal
  std::size_t counted_waiters_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::size_t counted_queues_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::optional<TimePoint> armed_ SLUICE_GUARDED_BY(mutex_);  // for what the schedule knows at the latest
  TimePoint latest_ SLUICE_GUARDED_BY(mutex_){};
  bool watching_memory_ SLUICE_GUARDED_BY(mutex_) = false;
  bool stopped_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::broker
