// Keeps a client's session alive: connects, reads, heartbeats, notices silence, connects again.
//
// It works in the thread whose turn it is (see turns.h): one that waits for an answer, or else the keeper's, which is
// the session's own.
// Writing is shared: whoever has something to say and finds no write under way writes what has accumulated, as one
// message; when a write is done, whose turn it is goes on with what accumulated meanwhile. One write is under way at
// most.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <sluice/mutex.h>
#include <sluice/options.h>

#include "client/cpp/src/backoff.h"
#include "client/cpp/src/conversation.h"
#include "client/cpp/src/recall_table.h"
#include "client/cpp/src/session_stream.h"
#include "client/cpp/src/turns.h"

namespace sluice::detail {

// Thread safety: all public methods may be called from any thread; Run from its own.
class SessionThread {
 public:
  SessionThread(const std::string& address, const ClientOptions& options, std::shared_ptr<LeaseTable> leases,
                std::shared_ptr<RecallTable> recalls);

  // The keeper's: works until Close. Blocks: nothing but this thread.
  void Run() SLUICE_EXCLUDES(mutex_);

  // Blocks: until connected; throws Unavailable at the timeout, or what the server refuses for good.
  void WaitUntilConnected(std::chrono::milliseconds timeout) SLUICE_EXCLUDES(mutex_);
  // Blocks: while the window is full. Throws Cancelled (closed, or `stop`), Unavailable.
  void Submit(RemoteOperationPtr operation, const std::stop_token& stop) SLUICE_EXCLUDES(mutex_);
  // Never blocks. The operation goes out with the next message, or after Turns::kBetweenCalls or two; with `at_once` as
  // soon as no write is under way. Throws Cancelled (closed), LeaseLost.
  void SubmitLater(RemoteOperationPtr operation, bool at_once) SLUICE_EXCLUDES(mutex_);
  // Blocks: until answered, or until `until`. True: answered.
  bool Await(const std::shared_ptr<Waiting>& waiting, SteadyTime until) { return turns_.Await(waiting, until); }
  void Cancel(const RemoteOperationPtr& operation) SLUICE_EXCLUDES(mutex_);
  // As Cancel, when nobody waits for the operation; the server hears of it as of what was submitted later.
  void CancelLater(const RemoteOperationPtr& operation) SLUICE_EXCLUDES(mutex_);

  // Tells Run to say goodbye and return. Idempotent.
  void Close() SLUICE_EXCLUDES(mutex_);
  // Blocks: until Run has said goodbye, or `timeout`.
  void WaitUntilClosed(std::chrono::milliseconds timeout) SLUICE_EXCLUDES(mutex_);

 private:
  enum class State : std::uint8_t {
    kNone,      // until retry_at_
    kStarting,  // until kStarted
    kGreeting,  // hello is sent; until the welcome
    kOpen,
    kLeaving,    // goodbye is sent; until the server ends the stream
    kEnding,     // until nothing is under way
    kFinishing,  // until kFinished
  };

  // ---- any thread ----
  // True: the server is to be told.
  bool BeginCancel(const RemoteOperationPtr& operation, bool somebody_waits) SLUICE_EXCLUDES(mutex_);
  void CheckMayBegin(const RemoteOperation& operation) const SLUICE_REQUIRES(mutex_);
  void WaitForRoom(const std::stop_token& stop) SLUICE_EXCLUDES(mutex_);
  // Asks whether the calling thread is. Releases the mutex meanwhile.
  bool Interrupted() SLUICE_REQUIRES(mutex_);
  void WriteWhatIsThere() SLUICE_EXCLUDES(mutex_);
  // A message to be written, and the right to write; null: nothing is to be written now.
  struct Outgoing {
    std::shared_ptr<SessionStream> stream;
    Conversation::Message message;
  };
  Outgoing TakeMessage() SLUICE_REQUIRES(mutex_);
  void Wake() SLUICE_REQUIRES(mutex_);
  // Sees to it that the turn is the keeper's when nobody else cares.
  void NoteUnattended() SLUICE_REQUIRES(mutex_);

  // ---- whose turn it is ----
  // One event, or none until `until`. False: closed, and nothing is under way.
  bool Step(SteadyTime until) SLUICE_EXCLUDES(mutex_);
  // Lets those who have just got answers say what they want next, so that it goes out as one message.
  void Gather() SLUICE_EXCLUDES(mutex_);
  // Threads that wait get their answers now; callbacks run in the keeper's thread only, for a caller's may hold locks.
  void RunEffects(Conversation::Effects& effects) SLUICE_EXCLUDES(mutex_);
  void RunDeferred() SLUICE_EXCLUDES(mutex_);
  bool OnTime(SteadyTime now) SLUICE_EXCLUDES(mutex_);
  SteadyTime NextDeadline() SLUICE_EXCLUDES(mutex_);
  SteadyTime SessionEnd() const SLUICE_REQUIRES(mutex_);
  void OnEvent(StreamEvent event, bool ok);
  void OnStarted(bool ok) SLUICE_EXCLUDES(mutex_);
  void OnRead(bool ok) SLUICE_EXCLUDES(mutex_);
  void OnWritten(bool ok) SLUICE_EXCLUDES(mutex_);
  void OnFinished() SLUICE_EXCLUDES(mutex_);
  bool OnWelcome(const wire::ResponseIn& response) SLUICE_EXCLUDES(mutex_);
  bool OnAnswers(std::span<std::pair<std::uint64_t, Answer>> answers) SLUICE_EXCLUDES(mutex_);
  void Connect(SteadyTime now) SLUICE_EXCLUDES(mutex_);
  void Read();
  bool Heartbeat(SteadyTime now) SLUICE_EXCLUDES(mutex_);
  bool Leave(SteadyTime now) SLUICE_EXCLUDES(mutex_);
  void EndStream(const std::string& why, bool cancel) SLUICE_EXCLUDES(mutex_);
  void FinishWhenIdle() SLUICE_EXCLUDES(mutex_);

  const std::string address_;
  const std::chrono::milliseconds connect_timeout_;
  const std::chrono::milliseconds attempt_timeout_;
  const std::shared_ptr<RecallTable> recalls_;
  grpc::CompletionQueue queue_;

  // ---- of the one whose turn it is ----
  State state_ = State::kNone;
  Backoff backoff_;
  bool starting_ = false;
  bool reading_ = false;
  bool read_next_ = false;      // the stream is open and nothing is being read
  bool again_at_once_ = false;  // the server is there, only the session is not
  std::string why_;             // this end broke the stream off
  SteadyTime retry_at_{};
  SteadyTime began_at_{};   // the attempt
  SteadyTime opened_at_{};  // the last stream that opened
  SteadyTime left_at_{};
  SteadyTime received_at_{};
  SteadyTime heartbeat_at_{};
  std::shared_ptr<SessionStream> stream_;  // others may use it, too, while they hold the right to write

  Turns turns_{[this](SteadyTime until) { return Step(until); }, [this] { WriteWhatIsThere(); }};
  std::atomic<std::thread::id> keeper_;

  Mutex mutex_;      // acquired before that of turns_
  CondVar changed_;  // connected, closed, room in the window
  Conversation conversation_ SLUICE_GUARDED_BY(mutex_);
  bool open_ SLUICE_GUARDED_BY(mutex_) = false;          // stream_ may be written to
  bool writing_ SLUICE_GUARDED_BY(mutex_) = false;       // the right to write is taken; stream_ stays
  std::size_t gathering_ SLUICE_GUARDED_BY(mutex_) = 0;  // answers just given to as many callers; they will be back
  bool greeted_ SLUICE_GUARDED_BY(mutex_) = false;       // by a server, at least once
  bool closing_ SLUICE_GUARDED_BY(mutex_) = false;
  bool ended_ SLUICE_GUARDED_BY(mutex_) = false;
  bool keepers_turn_ SLUICE_GUARDED_BY(mutex_) = false;
  Conversation::Effects deferred_ SLUICE_GUARDED_BY(mutex_);  // until the keeper runs them
  std::optional<Answer> refusal_ SLUICE_GUARDED_BY(mutex_);   // of the server, for good
  grpc::Alarm alarm_ SLUICE_GUARDED_BY(mutex_);
  bool alarm_set_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::detail
