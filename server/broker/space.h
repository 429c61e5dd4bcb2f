// One namespace at work: the core behind its mutex, and the completions of the operations that wait in it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
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
#include "server/broker/gathering.h"
#include "server/broker/recovered_space.h"
#include "server/broker/schedule.h"
#include "server/broker/session.h"
#include "server/journal/journal.h"
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

// Every method is one step of the core under the mutex; the answers that it brings about are released after it, each
// when the journal has what it depends on. At most one batch is on its way to the journal; what is said meanwhile is
// the next one (group commit). A namespace stays as long as the broker: its fences and ids must never be given out
// again.
//
// Thread safety: all methods may be called from any thread. Borrows: `spaces`, for life.
class Space final : public Timed, public std::enable_shared_from_this<Space> {
 public:
  Space(std::string name, Spaces& spaces);

  // ---- once, before anything else, if there is a journal ----
  // A namespace of which the journal knows nothing. Takes it over in the background.
  void Begin() SLUICE_EXCLUDES(mutex_);
  // Takes it over and replays it; `progress` is told now and then and at the end, and is to call nothing. `sessions`:
  // those that it had. Other than Ok: `error` says why it cannot be served. Blocks: for the disk.
  journal::Result Recover(const std::function<void(const RecoveredSpace&)>& progress,
                          std::vector<queue::LoggedSession>* sessions, std::string* error) SLUICE_EXCLUDES(mutex_);

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
  void EnterSession(queue::LoggedSession session, AnswerReceiver& receiver) SLUICE_EXCLUDES(mutex_);
  // All that the session holds here, as its client says after a restart.
  void KeepLeases(SessionId session, std::span<const Fence> fences) SLUICE_EXCLUDES(mutex_);
  void SuspendSession(SessionId session) SLUICE_EXCLUDES(mutex_);
  void ResumeSession(SessionId session) SLUICE_EXCLUDES(mutex_);
  // `unsent`: deliveries to the session that never left the server, so that their attempt is not counted.
  void EndSession(SessionId session, std::span<const Delivery> unsent) SLUICE_EXCLUDES(mutex_);

  // Puts that wait for the server's memory try again.
  void RetryMemory() SLUICE_EXCLUDES(mutex_);
  void Due() override SLUICE_EXCLUDES(mutex_);
  // Answers what waits with UNAVAILABLE, and every later command too. Sessions keep what they hold, if it is in a
  // journal: they come back to the next server.
  void Stop() SLUICE_EXCLUDES(mutex_);
  // Returns when nothing is on its way to the journal, or it will never take it.
  void WaitUntilWritten() SLUICE_EXCLUDES(mutex_);

 private:
  static constexpr std::chrono::milliseconds kRetry{200};  // before the journal is asked again

  TimePoint Now() SLUICE_REQUIRES(mutex_);
  // `read`, unless this namespace has seen a later time: it never sees time go back.
  TimePoint Now(TimePoint read) SLUICE_REQUIRES(mutex_) { return latest_ = std::max(latest_, read); }
  bool TakesSpace(const Command& command) SLUICE_REQUIRES(mutex_);  // on the disk
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
  void ForgetEffects() SLUICE_REQUIRES(mutex_);
  void Release(Addressee&& addressee, Answer&& answer);

  // ---- space_journal.cc ----
  bool journaled() const;
  // An answer that waits for the journal.
  struct Held {
    std::uint64_t after = 0;
    Addressee addressee;
    std::shared_ptr<AnswerReceiver> receiver;  // it may end before the journal is done
    Answer answer;
  };
  void Own() SLUICE_REQUIRES(mutex_);
  void Hold(Addressee&& addressee, Answer&& answer) SLUICE_REQUIRES(mutex_);
  // Adds what `receiver` was given in answers that are held.
  void AddHeld(const AnswerReceiver& receiver, std::vector<Delivery>* deliveries) const SLUICE_REQUIRES(mutex_);
  // While true, the journal takes only what frees space: puts that wait for room go on waiting.
  void HoldPuts(bool hold) SLUICE_REQUIRES(mutex_);
  // Answers that wait for the next batch, with those of the step.
  std::size_t Unwritten() const SLUICE_REQUIRES(mutex_);
  // True: the next batch waits for others. Not for ever: see Gathering.
  bool StillGathers() SLUICE_REQUIRES(mutex_);
  // Hands on what the step has said and asked for. May bring about answers: puts that waited for room in a batch.
  void Flush() SLUICE_REQUIRES(mutex_);
  void Load() SLUICE_REQUIRES(mutex_);
  // Appends in_flight_.
  void Append() SLUICE_REQUIRES(mutex_);
  // The journal could not take it now; perhaps it can later.
  void AppendLater(journal::Result result) SLUICE_REQUIRES(mutex_);
  void ReadLater(std::uint64_t position, journal::Result result) SLUICE_REQUIRES(mutex_);
  // As `result` says nothing can be written now: Own or Append comes again.
  void RetryLater(journal::Result result) SLUICE_REQUIRES(mutex_);
  void RetryDue(TimePoint now) SLUICE_REQUIRES(mutex_);
  void Appended(journal::Result result) SLUICE_EXCLUDES(mutex_);
  void ReadContents(std::uint64_t position) SLUICE_EXCLUDES(mutex_);
  void Owned(journal::Result result, const journal::Extent& extent, const std::string& error) SLUICE_EXCLUDES(mutex_);
  // Nothing more is written: what waits for it is answered with UNAVAILABLE.
  void Fail(std::string trouble) SLUICE_REQUIRES(mutex_);
  Answer Failed() const SLUICE_REQUIRES(mutex_);

  const std::string name_;
  Spaces& spaces_;

  mutable Mutex mutex_;
  queue::Namespace core_ SLUICE_GUARDED_BY(mutex_);
  queue::Effects effects_ SLUICE_GUARDED_BY(mutex_);                    // of the step that runs; its buffer is reused
  queue::NumberTable<Addressee> addressees_ SLUICE_GUARDED_BY(mutex_);  // of operations that are not answered yet
  std::unordered_map<SessionId, AnswerReceiver*> sessions_ SLUICE_GUARDED_BY(mutex_);
  std::uint64_t last_operation_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::size_t counted_waiters_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::size_t counted_queues_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::optional<TimePoint> armed_ SLUICE_GUARDED_BY(mutex_);  // for what the schedule knows at the latest
  TimePoint latest_ SLUICE_GUARDED_BY(mutex_){};
  bool watching_memory_ SLUICE_GUARDED_BY(mutex_) = false;
  bool stopped_ SLUICE_GUARDED_BY(mutex_) = false;

  // ---- the journal ----
  std::uint64_t epoch_ SLUICE_GUARDED_BY(mutex_) = 0;    // 0: it is not ours yet, or there is no journal
  std::uint64_t durable_ SLUICE_GUARDED_BY(mutex_) = 0;  // position of the last batch that the journal has
  std::shared_ptr<const journal::Batch> in_flight_ SLUICE_GUARDED_BY(mutex_);  // on its way; null: none is
  Gathering gathering_ SLUICE_GUARDED_BY(mutex_);
  std::uint64_t trim_ SLUICE_GUARDED_BY(mutex_) = 0;          // when it is there; 0: nothing
  bool noted_ SLUICE_GUARDED_BY(mutex_) = false;              // that it is tried again
  std::optional<TimePoint> retry_ SLUICE_GUARDED_BY(mutex_);  // when it is appended, or the namespace owned, again
  bool puts_held_ SLUICE_GUARDED_BY(mutex_) = false;
  std::vector<Held> held_ SLUICE_GUARDED_BY(mutex_);
  std::vector<std::uint64_t> loads_ SLUICE_GUARDED_BY(mutex_);   // contents to be read, some not written yet
  std::vector<std::uint64_t> unread_ SLUICE_GUARDED_BY(mutex_);  // contents that could not be read
  std::optional<TimePoint> reread_ SLUICE_GUARDED_BY(mutex_);    // when they are read again
  bool unread_noted_ SLUICE_GUARDED_BY(mutex_) = false;          // that they are
  CondVar written_;                                              // nothing is in flight
  std::string trouble_ SLUICE_GUARDED_BY(mutex_);                // why nothing more is written; empty: all is well
};

}  // namespace sluice::broker
