// The life of a session's stream: what is due when, and what each event means. The rest of SessionThread is in
// session_thread.cc.
#include <algorithm>
#include <utility>

#include "client/cpp/src/session_thread.h"

namespace sluice::detail {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kGoodbye{100};    // longer nobody waits for a goodbye to arrive
constexpr milliseconds kHealthy{1'000};  // a stream that lived so long shows that the server works

}  // namespace

// ---- time --------------------------------------------------------------------------------------

// Does what is due. False: closed, and nothing is under way.
bool SessionThread::OnTime(SteadyTime now) {
  bool closing = false;
  bool silent = false;
  bool over = false;
  Conversation::Effects effects;
  {
    MutexLock lock(mutex_);
    closing = closing_;
    conversation_.Expire(now, effects);
    silent = state_ == State::kOpen && now >= received_at_ + conversation_.lease();
    over = !conversation_.connected() && conversation_.has_session() && now >= SessionEnd();
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
      if (over && state_ == State::kGreeting) {  // its greeting names the session that was given up
        EndStream("the session was lost", true);
      } else if (now >= began_at_ + attempt_timeout_) {
        EndStream("the peer did not greet", true);
      }
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
  SteadyTime next = conversation_.NextDeadline(SteadyNow()).value_or(SteadyTime::max());
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

// ---- events ------------------------------------------------------------------------------------

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
  received_at_ = SteadyNow();
  wire::ResponseIn* response = stream_->Received();
  if (response == nullptr) return EndStream("the server sent what is not a message of a session", true);
  if (state_ == State::kGreeting && !OnWelcome(*response)) return EndStream("the server did not greet", true);
  read_next_ = OnAnswers(response->answers);
  if (read_next_) {
    for (const wire::RecallIn& recall : response->recalls) recalls_->Recall(recall.queue, recall.last);
    return;
  }
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
    conversation_.OnBroken(why.empty() ? "the connection broke" : why, received_at_, SteadyNow(), effects);
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
  const SteadyTime now = SteadyNow();
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
