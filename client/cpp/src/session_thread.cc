#include "client/cpp/src/session_thread.h"

#include <algorithm>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/error.h>

#include "client/cpp/src/interruption.h"

namespace sluice::detail {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAttempt{5'000};     // a peer that does not greet within this is not there
constexpr milliseconds kWindowPoll{1'000};  // a full window is looked at again at least so often
// Several threads that have just got answers are given this long to ask for more: one message with all of it costs both
// ends much less than one each.
constexpr std::chrono::microseconds kGather{30};

gpr_timespec FromNow(SteadyTime time) {
  if (time == SteadyTime::max()) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  const auto left =
      std::chrono::ceil<std::chrono::microseconds>(std::max(time - SteadyNow(), SteadyTime::duration::zero()));
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_micros(left.count(), GPR_TIMESPAN));
}

// Nobody else's, ever; short enough to be kept without memory of its own.
std::string RandomProducer() {
  constexpr std::string_view kLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::random_device random;
  std::uniform_int_distribution<std::size_t> letter(0, kLetters.size() - 1);
  std::string producer(12, '\0');
  for (char& c : producer) c = kLetters[letter(random)];
  return producer;
}

}  // namespace

SessionThread::SessionThread(const std::string& address, const ClientOptions& options,
                             std::shared_ptr<LeaseTable> leases, std::shared_ptr<RecallTable> recalls)
    : address_(address),
      connect_timeout_(options.connect_timeout),
      attempt_timeout_(std::min(kAttempt, options.connect_timeout)),
      recalls_(std::move(recalls)),
      backoff_(options.min_backoff, options.max_backoff),
      conversation_(
          {address, options.name, RandomProducer(), options.lease, options.connect_timeout, options.retry_forever},
          std::move(leases)) {}

// ---- any thread --------------------------------------------------------------------------------

void SessionThread::WaitUntilConnected(milliseconds timeout) {
  const SteadyTime deadline = SteadyNow() + timeout;
  MutexLock lock(mutex_);
  // Once is enough: a stream that broke again before this thread woke up is connected again by the other one.
  while (!greeted_ && !refusal_ && SteadyNow() < deadline) {
    changed_.WaitFor(mutex_, std::min(deadline, Interruption::NextCheck()) - SteadyNow());
    if (Interrupted()) throw Cancelled("interrupted before the client was connected");
  }
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
      conversation_.Add(operation, SteadyNow());
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

void SessionThread::SubmitLater(RemoteOperationPtr operation, bool at_once) {
  {
    MutexLock lock(mutex_);
    CheckMayBegin(*operation);
    conversation_.Add(std::move(operation), SteadyNow());
    NoteUnattended();
    if (!conversation_.connected()) return Wake();
  }
  if (at_once || !turns_.LookSoon()) WriteWhatIsThere();
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
  SteadyTime connected_at = SteadyNow();
  while (conversation_.window_full() && !closing_) {
    if (stop.stop_requested()) throw Cancelled("stopped before the call was sent");
    if (conversation_.connected()) connected_at = SteadyNow();
    const Answer unavailable = conversation_.UnavailableAnswer();
    if (SteadyNow() > connected_at + connect_timeout_) ThrowError(unavailable.reason, unavailable.message);
    const SteadyTime look = SteadyNow() + std::min(kWindowPoll, connect_timeout_);
    changed_.WaitFor(mutex_, std::min(look, Interruption::NextCheck()) - SteadyNow());
    if (Interrupted()) throw Cancelled("interrupted before the call was sent");
  }
}

// Under no lock: it may run what a user wrote.
bool SessionThread::Interrupted() {
  mutex_.unlock();
  const bool wanted = Interruption::Wanted();
  mutex_.lock();
  return wanted;
}

void SessionThread::Cancel(const RemoteOperationPtr& operation) {
  if (BeginCancel(operation, true)) WriteWhatIsThere();
}

void SessionThread::CancelLater(const RemoteOperationPtr& operation) {
  if (BeginCancel(operation, false) && !turns_.LookSoon()) WriteWhatIsThere();
}

bool SessionThread::BeginCancel(const RemoteOperationPtr& operation, bool somebody_waits) {
  bool to_be_told = false;
  Conversation::Effects effects;
  {
    MutexLock lock(mutex_);
    to_be_told = conversation_.Cancel(operation, SteadyNow(), effects);
    NoteUnattended();
  }
  effects.Run();
  // For the time limit that a cancelled operation has; and whose turn it is may be who has just got its answer.
  if (to_be_told || somebody_waits) {
    MutexLock lock(mutex_);
    Wake();
  }
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
  const SteadyTime deadline = SteadyNow() + timeout;
  MutexLock lock(mutex_);
  while (!ended_ && SteadyNow() < deadline) changed_.WaitFor(mutex_, deadline - SteadyNow());
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
  if (!open_ || writing_ || gathering_ > 0 || !conversation_.NextMessage(SteadyNow(), &outgoing.message))
    return outgoing;
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

bool SessionThread::Step(SteadyTime until) {
  if (keeper_.load(std::memory_order_relaxed) == std::this_thread::get_id()) RunDeferred();
  Gather();
  if (!OnTime(SteadyNow())) return false;
  // After what there is to be written: gRPC tells the server at once how much more it may send, and that alone would
  // wake it for nothing.
  if (std::exchange(read_next_, false)) Read();
  void* tag = nullptr;
  bool ok = false;
  if (queue_.AsyncNext(&tag, &ok, FromNow(std::min(NextDeadline(), until))) != grpc::CompletionQueue::GOT_EVENT)
    return true;
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
      const SteadyTime now = SteadyNow();
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

}  // namespace sluice::detail
