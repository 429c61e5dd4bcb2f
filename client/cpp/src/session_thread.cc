#include "client/cpp/src/session_thread.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <sluice/error.h>

namespace sluice::detail {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kGoodbye{100};       // longer nobody waits for a goodbye to arrive
constexpr milliseconds kAttempt{5'000};     // a peer that does not greet within this is not there
constexpr milliseconds kWindowPoll{1'000};  // a full window is looked at again at least so often
constexpr milliseconds kHealthy{1'000};     // a stream that lived so long shows that the server works
// Several threads that have just got answers are given this long to ask for more: one message with all of it costs both
// ends much less than one each.
constexpr std::chrono::microseconds kGather{30};
constexpr auto kNever = SteadyTime::max();

SteadyTime Now() { return std::chrono::steady_clock::now(); }

gpr_timespec FromNow(SteadyTime time) {
  if (time == kNever) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  const auto left = std::chrono::ceil<std::chrono::microseconds>(std::max(time - Now(), SteadyTime::duration::zero()));
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_micros(left.count(), GPR_TIMESPAN));
}

}  // namespace

SessionThread::SessionThread(const std::string& address, const ClientOptions& options,
                             std::shared_ptr<LeaseTable> leases, std::shared_ptr<RecallTable> recalls)
    : address_(address),
      connect_timeout_(options.connect_timeout),
      attempt_timeout_(std::min(kAttempt, options.connect_timeout)),
      recalls_(std::move(recalls)),
      backoff_(options.min_backoff, options.max_backoff),
      conversation_({address, options.name, options.lease, options.connect_timeout, options.retry_forever},
                    std::move(leases)) {}

// ---- any thread --------------------------------------------------------------------------------

void SessionThread::WaitUntilConnected(milliseconds timeout) {
  const SteadyTime deadline = Now() + timeout;
  MutexLock lock(mutex_);
  // Once is enough: a stream that broke again before this thread woke up is connected again by the other one.
  while (!greeted_ && !refusal_ && Now() < deadline) changed_.WaitFor(mutex_, deadline - Now());
  if (greeted_) return;
  const Answer answer = refusal_ ? *refusal_ : conversation_.UnavailableAnswer();
  ThrowError(answer.reason, answer.message);
}

void SessionThread::Submit(RemoteOperationPtr operation, const std::stop_token& stop) {
  Outgoing outgoing;
  {
    MutexLock lock(mutex_);
    CheckMayBegin(*operation);
    const bool waits = operation->receiver && conversation_.window_full();
    if (!waits) {
      conversation_.Add(operation, Now());
      NoteUnattended();
      if (!conversation_.connected()) Wake();
      outgoing = TakeMessage();
      operation = nullptr;
    }
  }
  if (outgoing.stream) outgoing.stream->Write(outgoing.message.out());
  if (!operation) return;
  WaitForRoom(stop);
  Submit(std::move(operation), stop);
}

void SessionThread::SubmitLater(RemoteOperationPtr operation) {
  {
    MutexLock lock(mutex_);
    CheckMayBegin(*operation);
    conversation_.Add(std::move(operation), Now());
    NoteUnattended();
    if (!conversation_.connected()) return Wake();
  }
  if (!turns_.LookSoon()) WriteWhatIsThere();
}

void SessionThread::CheckMayBegin(const RemoteOperation& operation) const {
  if (closing_) throw Cancelled("the client was closed");
  if (!conversation_.Holds(operation.held_in)) throw LeaseLost("the lease was lost with the client's session");
}

void SessionThread::WaitForRoom(const std::stop_token& stop) {
  const std::stop_callback on_stop(stop, [this] {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  });
  MutexLock lock(mutex_);
  SteadyTime connected_at = Now();
  while (conversation_.window_full() && !closing_) {
    if (stop.stop_requested()) throw Cancelled("stopped before the call was sent");
    if (conversation_.connected()) connected_at = Now();
    const Answer unavailable = conversation_.UnavailableAnswer();
    if (Now() > connected_at + connect_timeout_) ThrowError(unavailable.reason, unavailable.message);
    changed_.WaitFor(mutex_, std::min(kWindowPoll, connect_timeout_));
  }
}

void SessionThread::Cancel(const RemoteOperationPtr& operation) {
  if (BeginCancel(operation)) WriteWhatIsThere();
}

void SessionThread::CancelLater(const RemoteOperationPtr& operation) {
  if (BeginCancel(operation) && !turns_.LookSoon()) WriteWhatIsThere();
}

bool SessionThread::BeginCancel(const RemoteOperationPtr& operation) {
  bool to_be_told = false;
  Conversation::Effects effects;
  {
    MutexLock lock(mutex_);
    to_be_told = conversation_.Cancel(operation, Now(), effects);
    NoteUnattended();
    if (to_be_told) Wake();  // for the time limit that a cancelled operation has
  }
  effects.Run();
  return to_be_told;
}

void SessionThread::Close() {
  Conversation::Effects effects;
  {
    MutexLock lock(mutex_);
    if (std::exchange(closing_, true)) return;
    conversation_.Close(effects);
    gathering_ = 0;
    NoteUnattended();
    changed_.NotifyAll();
    Wake();
  }
  effects.Run();
}

void SessionThread::WaitUntilClosed(milliseconds timeout) {
  const SteadyTime deadline = Now() + timeout;
  MutexLock lock(mutex_);
  while (!ended_ && Now() < deadline) changed_.WaitFor(mutex_, deadline - Now());
}

void SessionThread::WriteWhatIsThere() {
  Outgoing outgoing;
  {
    MutexLock lock(mutex_);
    outgoing = TakeMessage();
  }
  if (outgoing.stream) outgoing.stream->Write(outgoing.message.out());
}

SessionThread::Outgoing SessionThread::TakeMessage() {
  Outgoing outgoing;
  const bool was_full = conversation_.window_full();
  if (!open_ || writing_ || gathering_ > 0 || !conversation_.NextMessage(Now(), &outgoing.message)) return outgoing;
  writing_ = true;
  outgoing.stream = stream_;
  if (was_full) changed_.NotifyAll();
  return outgoing;
}

// Makes the thread look at the time anew.
void SessionThread::Wake() {
  if (ended_ || std::exchange(alarm_set_, true)) return;
  alarm_.Set(&queue_, gpr_now(GPR_CLOCK_MONOTONIC), nullptr);
}

// ---- whose turn it is --------------------------------------------------------------------------

void SessionThread::Run() {
  keeper_ = std::this_thread::get_id();
  turns_.Keep();
  {
    MutexLock lock(mutex_);
    ended_ = true;
    changed_.NotifyAll();
  }
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

bool SessionThread::Step() {
  if (keeper_.load(std::memory_order_relaxed) == std::this_thread::get_id()) RunDeferred();
  Gather();
  if (!OnTime(Now())) return false;
  // After what there is to be written: gRPC tells the server at once how much more it may send, and that alone would
  // wake it for nothing.
  if (std::exchange(read_next_, false)) Read();
  void* tag = nullptr;
  bool ok = false;
  if (queue_.AsyncNext(&tag, &ok, FromNow(NextDeadline())) != grpc::CompletionQueue::GOT_EVENT) return true;
  if (tag != nullptr) {
    OnEvent(static_cast<StreamEvent>(reinterpret_cast<std::uintptr_t>(tag)), ok);
  } else {
    MutexLock lock(mutex_);
    alarm_set_ = false;
  }
  return true;
}

void SessionThread::Gather() {
  SteadyTime until{};
  while (true) {
    {
      MutexLock lock(mutex_);
      if (gathering_ == 0) return;
      const SteadyTime now = Now();
      if (until == SteadyTime()) until = now + kGather;
      if (now >= until || conversation_.unsent() >= gathering_) {
        gathering_ = 0;
        return;
      }
    }
    std::this_thread::yield();
  }
}

void SessionThread::RunEffects(Conversation::Effects& effects) {
  if (keeper_.load(std::memory_order_relaxed) == std::this_thread::get_id()) return effects.Run();
  effects.FinishUndemanding();
  if (effects.finished.empty() && effects.lost.empty()) return;
  MutexLock lock(mutex_);
  effects.MoveTo(&deferred_);
  NoteUnattended();
}

void SessionThread::RunDeferred() {
  Conversation::Effects effects;
  {
    MutexLock lock(mutex_);
    if (deferred_.finished.empty() && deferred_.lost.empty()) return;
    deferred_.MoveTo(&effects);
    NoteUnattended();
  }
  effects.Run();
}

void SessionThread::NoteUnattended() {
  const bool deferred = !deferred_.finished.empty() || !deferred_.lost.empty();
  const bool keepers = closing_ || deferred || conversation_.unattended();
  if (keepers == keepers_turn_) return;
  keepers_turn_ = keepers;
  if (turns_.SetKeepersTurn(keepers)) Wake();
}

// Does what is due. False: closed, and nothing is under way.
bool SessionThread::OnTime(SteadyTime now) {
  bool closing = false;
  bool silent = false;
  Conversation::Effects effects;
  {
    MutexLock lock(mutex_);
    closing = closing_;
    conversation_.Expire(now, effects);
    silent = state_ == State::kOpen && now >= received_at_ + conversation_.lease();
    const bool over = !conversation_.connected() && conversation_.has_session() && now >= SessionEnd();
    if (over) conversation_.LoseSession(effects);
    NoteUnattended();
  }
  RunEffects(effects);
  if (closing) return Leave(now);
  switch (state_) {
    case State::kNone:
      if (now >= retry_at_) Connect(now);
      break;
    case State::kStarting:
    case State::kGreeting:
      if (now >= began_at_ + attempt_timeout_) EndStream("the peer did not greet", true);
      break;
    case State::kOpen:
      if (silent) {
        EndStream("the server fell silent", true);
      } else if (now < heartbeat_at_ || !Heartbeat(now)) {
        WriteWhatIsThere();
      }
      break;
    case State::kLeaving:
    case State::kEnding:
    case State::kFinishing: break;
  }
  return true;
}

SteadyTime SessionThread::NextDeadline() {
  MutexLock lock(mutex_);
  SteadyTime next = conversation_.NextDeadline(Now()).value_or(kNever);
  switch (state_) {
    case State::kNone: next = std::min(next, retry_at_); break;
    case State::kStarting:
    case State::kGreeting: next = std::min(next, began_at_ + attempt_timeout_); break;
    case State::kOpen:
      next = std::min(next, received_at_ + conversation_.lease());
      // While a write is under way no other can begin; its end is an event.
      if (!writing_) next = std::min(next, heartbeat_at_);
      break;
    case State::kLeaving:
    case State::kEnding:
    case State::kFinishing: break;
  }
  if (closing_ && (state_ == State::kOpen || state_ == State::kLeaving)) next = std::min(next, left_at_ + kGoodbye);
  if (!conversation_.connected() && conversation_.has_session()) next = std::min(next, SessionEnd());
  return next;
}

SteadyTime SessionThread::SessionEnd() const { return received_at_ + conversation_.lease() + conversation_.grace(); }

void SessionThread::Connect(SteadyTime now) {
  auto stream = std::make_shared<SessionStream>(address_, &queue_);
  state_ = State::kStarting;
  starting_ = true;
  began_at_ = now;
  MutexLock lock(mutex_);
  stream_ = std::move(stream);
}

void SessionThread::OnEvent(StreamEvent event, bool ok) {
  switch (event) {
    case StreamEvent::kStarted: return OnStarted(ok);
    case StreamEvent::kRead: return OnRead(ok);
    case StreamEvent::kWritten: return OnWritten(ok);
    case StreamEvent::kFinished: return OnFinished();
  }
}

void SessionThread::OnStarted(bool ok) {
  starting_ = false;
  if (state_ == State::kEnding) return FinishWhenIdle();
  if (!ok) return EndStream("", false);
  state_ = State::kGreeting;
  v1::SessionRequest hello;
  {
    MutexLock lock(mutex_);
    writing_ = true;
    hello = conversation_.Hello();
  }
  stream_->Write({.hello = &hello.hello(), .operations = {}, .answers_seen = hello.answers_seen()});
  Read();
}

void SessionThread::Read() {
  reading_ = true;
  stream_->Read();
}

void SessionThread::OnRead(bool ok) {
  reading_ = false;
  if (state_ == State::kEnding) return FinishWhenIdle();
  if (!ok) return EndStream("", false);
  received_at_ = Now();
  wire::ResponseIn* response = stream_->Received();
  if (response == nullptr) return EndStream("the server sent what is not a message of a session", true);
  if (state_ == State::kGreeting && !OnWelcome(*response)) return EndStream("the server did not greet", true);
  read_next_ = OnAnswers(response->answers);
  for (const wire::RecallIn& recall : response->recalls) recalls_->Recall(recall.queue, recall.last);
  if (read_next_) return;
  again_at_once_ = true;
  EndStream("the session was lost", true);
}

bool SessionThread::OnWelcome(const wire::ResponseIn& response) {
  if (!response.welcome) return false;
  Conversation::Effects effects;
  {
    MutexLock lock(mutex_);
    conversation_.OnWelcome(*response.welcome, received_at_, effects);
    NoteUnattended();
    open_ = greeted_ = true;
    heartbeat_at_ = received_at_ + conversation_.lease() / 3;
    changed_.NotifyAll();
  }
  state_ = State::kOpen;
  opened_at_ = received_at_;
  RunEffects(effects);
  return true;
}

// False: the session is lost.
bool SessionThread::OnAnswers(std::span<std::pair<std::uint64_t, Answer>> answers) {
  Conversation::Effects effects;
  {
    MutexLock lock(mutex_);
    conversation_.OnAnswers(answers, received_at_, effects);
    NoteUnattended();
    const std::size_t callers = effects.waiting();
    gathering_ = callers > 1 ? callers : 0;
  }
  RunEffects(effects);
  WriteWhatIsThere();  // items to give back, a confirmation: who has its answer does not come back for that
  return !effects.session_lost;
}

void SessionThread::OnWritten(bool ok) {
  {
    MutexLock lock(mutex_);
    writing_ = false;
    if (!ok) open_ = false;  // the stream is broken: its read ends, too
  }
  FinishWhenIdle();
}

// False: a write is under way.
bool SessionThread::Heartbeat(SteadyTime now) {
  Conversation::Message message;
  {
    MutexLock lock(mutex_);
    if (!open_ || std::exchange(writing_, true)) return false;
    heartbeat_at_ = now + conversation_.lease() / 3;
    message = conversation_.SignOfLife();
  }
  stream_->Write(message.out());
  return true;
}

// Closed: says what is still to be said and goodbye, if that takes no time. False: nothing is under way any more.
bool SessionThread::Leave(SteadyTime now) {
  if (left_at_ == SteadyTime()) left_at_ = now;
  if (state_ == State::kNone) return false;
  const bool opening = state_ == State::kStarting || state_ == State::kGreeting;
  const bool open = state_ == State::kOpen || state_ == State::kLeaving;
  if (opening || (open && now >= left_at_ + kGoodbye)) {
    EndStream("the client was closed", true);
  } else if (state_ == State::kOpen) {
    Outgoing outgoing;
    {
      MutexLock lock(mutex_);
      if (!open_ || writing_) return true;
      outgoing = TakeMessage();
      if (!outgoing.stream) {
        writing_ = true;
        open_ = false;
      }
    }
    if (outgoing.stream) {
      outgoing.stream->Write(outgoing.message.out());
      return true;
    }
    state_ = State::kLeaving;
    stream_->Write({.operations = {}, .goodbye = true}, true);
  }
  return true;
}

void SessionThread::EndStream(const std::string& why, bool cancel) {
  state_ = State::kEnding;
  read_next_ = false;
  why_ = why;
  Conversation::Effects effects;
  {
    MutexLock lock(mutex_);
    open_ = false;
    conversation_.OnBroken(why.empty() ? "the connection broke" : why, Now(), effects);
    NoteUnattended();
  }
  if (cancel) stream_->TryCancel();
  RunEffects(effects);
  FinishWhenIdle();
}

void SessionThread::FinishWhenIdle() {
  if (state_ != State::kEnding || starting_ || reading_) return;
  {
    MutexLock lock(mutex_);
    if (writing_) return;
  }
  state_ = State::kFinishing;
  stream_->Finish();
}

void SessionThread::OnFinished() {
  const Answer end = stream_->End();
  const SteadyTime now = Now();
  std::shared_ptr<SessionStream> old;
  Conversation::Effects effects;
  {
    MutexLock lock(mutex_);
    old = std::move(stream_);
    if (end.reason == Reason::kSessionLost && conversation_.has_session()) {
      conversation_.LoseSession(effects);
      again_at_once_ = true;
    }
    NoteUnattended();
    if (why_.empty()) conversation_.set_trouble(end.message);
    const bool for_good = end.reason != Reason::kUnavailable && end.reason != Reason::kCancelled && why_.empty();
    if (for_good && !greeted_) refusal_ = end;
    changed_.NotifyAll();
  }
  RunEffects(effects);
  // A server whose streams break at once must not be tried at full speed.
  if (opened_at_ > began_at_ && now > opened_at_ + kHealthy) backoff_.Reset();
  retry_at_ = std::exchange(again_at_once_, false) ? now : now + backoff_.Next();
  state_ = State::kNone;
}

}  // namespace sluice::detail
