#include "client/cpp/src/embedded_link.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

#include <sluice/error.h>
#include <sluice/mutex.h>

#include "client/cpp/src/command_traits.h"
#include "client/cpp/src/reaper.h"
#include "client/cpp/src/validate.h"
#include "server/broker/broker.h"
#include "server/broker/session.h"

namespace sluice::detail {
namespace {

// An operation; submitted again when the session it ran in is lost.
struct EmbeddedOperation : Link::Operation {
  std::string space;
  Command command;
  Receiver receiver;
  TimePoint begun;

  Mutex mutex;
  broker::OperationRef ref SLUICE_GUARDED_BY(mutex);
  int attempts SLUICE_GUARDED_BY(mutex) = 0;
  bool cancelled SLUICE_GUARDED_BY(mutex) = false;
};
using OperationPtr = std::shared_ptr<EmbeddedOperation>;

Answer ClosedAnswer() { return Answer::Refused(Reason::kCancelled, "the client was closed"); }

}  // namespace

// Lock order: none of its locks is held when it calls the broker.
class EmbeddedLink::Core {
 public:
  Core(const EmbeddedOptions& options, Clock& clock, std::shared_ptr<LeaseTable> leases,
       std::shared_ptr<RecallTable> recalls)
      : clock_(clock),
        lease_(options.lease),
        leases_(std::move(leases)),
        recalls_(std::move(recalls)),
        broker_({.memory_bytes = options.memory_bytes}, clock_, {}, [this] { Wake(); }) {
    current_ = {OpenSession(), leases_->epoch()};
  }

  void Submit(const OperationPtr& operation) {
    operation->begun = clock_.Now();
    Begin(operation);
  }

  void Cancel(EmbeddedOperation& operation) {
    broker::OperationRef ref;
    {
      MutexLock lock(operation.mutex);
      operation.cancelled = true;
      ref = operation.ref;
    }
    if (ref.id) broker_.Cancel(ref);
  }

  bool closed() {
    MutexLock lock(mutex_);
    return closed_;
  }

  void Close() {
    std::shared_ptr<broker::Session> session;
    std::vector<std::stop_source> lost;
    {
      MutexLock lock(mutex_);
      if (std::exchange(closed_, true)) return;
      session = std::move(current_.session);
      lost = leases_->LoseAll();
      changed_.NotifyAll();
    }
    session->End();
    broker_.Drain();
    LeaseTable::Stop(std::move(lost));
  }

  // Does what is due now; the session's sign of life comes after it, so that a clock that was moved by more than the
  // lease in one step ends the session. Returns when to be called next.
  std::optional<TimePoint> Work() {
    const std::optional<TimePoint> next = broker_.RunDue();
    std::shared_ptr<broker::Session> session;
    {
      MutexLock lock(mutex_);
      session = current_.session;
    }
    if (session) session->Touch();
    return next;
  }

  // The thread of a clock that moves by itself: works until the link is closed.
  void Run() {
    while (true) {
      const std::optional<TimePoint> next = Work();
      MutexLock lock(mutex_);
      if (!closed_ && !woken_) {
        auto wait = std::chrono::duration_cast<Duration>(lease_) / 3;
        if (next) wait = std::min(wait, *next - clock_.Now());
        if (wait > Duration::zero()) changed_.WaitFor(mutex_, wait);
      }
      if (closed_) return;
      woken_ = false;
    }
  }

 private:
  struct Current {
    std::shared_ptr<broker::Session> session;  // null: closed
    Epoch epoch = 0;
  };

  // Answers come as completions: it is woken for recalls alone.
  class Sink final : public broker::SessionSink {
   public:
    Sink(Core& core, SessionId session) : core_(core), session_(session) {}
    void Wake() override { core_.TakeRecalls(*this, session_); }
    void Gone(Reason, const std::string&) override { core_.Renew(session_); }

   private:
    Core& core_;  // Borrows: for life; the broker, which calls, is a member of the core
    const SessionId session_;
  };

  void TakeRecalls(const Sink& sink, SessionId session) {
    const Current now = current();
    if (!now.session || now.session->id() != session) return;
    std::vector<broker::SessionRecall> recalls;
    now.session->TakeAnswers(&sink, 1, 1, &recalls);
    for (const broker::SessionRecall& each : recalls) {
      recalls_->Recall(std::string(each.space) + "/" + each.queue, each.last);
    }
  }

  std::shared_ptr<broker::Session> OpenSession() {
    Answer refusal;
    auto session = broker_.OpenSession("embedded", lease_, &refusal);
    if (!session) ThrowError(refusal.reason, refusal.message);
    session->Attach(std::make_shared<Sink>(*this, session->id()), 0);
    return session;
  }

  // Puts a new session in the place of `lost`, unless that was done before. False: the link is closed, or no session
  // can be had.
  bool Renew(SessionId lost) {
    if (!IsCurrent(lost)) return !closed();
    std::shared_ptr<broker::Session> fresh;
    try {
      fresh = OpenSession();
    } catch (const Error&) {
      return false;  // the broker is draining: the link is being closed
    }
    std::vector<std::stop_source> stopped;
    {
      MutexLock lock(mutex_);
      if (current_.session && current_.session->id() == lost) {
        stopped = leases_->LoseAll();
        current_ = {std::move(fresh), leases_->epoch()};
      }
    }
    if (fresh) fresh->End();  // another thread was faster
    LeaseTable::Stop(std::move(stopped));
    return !closed();
  }

  bool IsCurrent(SessionId session) {
    MutexLock lock(mutex_);
    return current_.session && current_.session->id() == session;
  }

  Current current() {
    MutexLock lock(mutex_);
    return current_;
  }

  void Begin(const OperationPtr& operation) {
    const Current now = current();
    if (!now.session) return Finish(*operation, ClosedAnswer(), now.epoch);
    int attempt = 0;
    {
      MutexLock lock(operation->mutex);
      attempt = ++operation->attempts;
    }
    broker::OperationRef ref =
        broker_.Submit(now.session->id(), operation->space, operation->command,
                       [this, operation, session = now.session->id(), epoch = now.epoch](Answer&& answer) {
                         Answered(operation, std::move(answer), session, epoch);
                       });
    if (!ref.id) return;
    {
      MutexLock lock(operation->mutex);
      if (attempt != operation->attempts) return;  // meanwhile answered and begun anew
      operation->ref = ref;
      if (!operation->cancelled) return;
    }
    broker_.Cancel(ref);
  }

  void Answered(const OperationPtr& operation, Answer&& answer, SessionId session, Epoch epoch) {
    if (answer.reason == Reason::kSessionLost) return AnsweredLost(operation, session);
    if (answer.reason == Reason::kUnavailable && closed()) answer = ClosedAnswer();
    const auto* got = std::get_if<GetResult>(&answer.result);
    if (got != nullptr && got->auto_ack) broker_.Delivered(operation->space, got->deliveries);
    Finish(*operation, std::move(answer), epoch);
  }

  void AnsweredLost(const OperationPtr& operation, SessionId session) {
    const bool renewed = Renew(session);
    bool cancelled = false;
    {
      MutexLock lock(operation->mutex);
      cancelled = operation->cancelled;
    }
    if (!renewed) return Finish(*operation, ClosedAnswer(), 0);
    if (cancelled) return Finish(*operation, Answer::Refused(Reason::kCancelled, "cancelled"), 0);
    if (NamesLeases(operation->command)) {
      return Finish(*operation, Answer::Refused(Reason::kLeaseLost, "the client's session was lost"), 0);
    }
    if (const WaitTime timeout = TimeoutOf(operation->command)) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(operation->begun + *timeout - clock_.Now());
      SetTimeout(operation->command, std::max(left, std::chrono::milliseconds(0)));
    }
    operation->begun = clock_.Now();
    Begin(operation);
  }

  static void Finish(EmbeddedOperation& operation, Answer&& answer, Epoch epoch) {
    operation.receiver.Finish(std::move(answer), epoch);
  }

  void Wake() {
    MutexLock lock(mutex_);
    woken_ = true;
    changed_.NotifyAll();
  }

  Clock& clock_;
  const std::chrono::milliseconds lease_;
  const std::shared_ptr<LeaseTable> leases_;
  const std::shared_ptr<RecallTable> recalls_;
  Mutex mutex_;
  CondVar changed_;
  bool woken_ SLUICE_GUARDED_BY(mutex_) = false;
  bool closed_ SLUICE_GUARDED_BY(mutex_) = false;
  Current current_ SLUICE_GUARDED_BY(mutex_);
  broker::Broker broker_;  // last: it calls back until it is destroyed
};

std::shared_ptr<EmbeddedLink> EmbeddedLink::Make(const EmbeddedOptions& options) {
  CheckLease(options.lease);
  return std::shared_ptr<EmbeddedLink>(
      new EmbeddedLink(options, std::make_shared<LeaseTable>(), std::make_shared<RecallTable>()));
}

EmbeddedLink::EmbeddedLink(const EmbeddedOptions& options, std::shared_ptr<LeaseTable> leases,
                           std::shared_ptr<RecallTable> recalls)
    : Link(leases, recalls),
      clock_(options.clock != nullptr ? *options.clock : SteadyClock::Get()),
      core_(std::make_shared<Core>(options, clock_, std::move(leases), std::move(recalls))) {
  Reaper::Get();
  subscription_ = clock_.Subscribe([core = std::weak_ptr<Core>(core_)] {
    if (const auto held = core.lock()) held->Work();
  });
  if (subscription_ != 0) return;
  thread_ = std::thread([core = core_, ended = thread_ended_] {
    core->Run();
    ended->store(true, std::memory_order_release);
  });
}

EmbeddedLink::~EmbeddedLink() {
  if (!usable()) {
    new std::shared_ptr<Core>(std::move(core_));  // the child of a fork: left as it is, locks and all
    new std::thread(std::move(thread_));
    return;
  }
  Close();
  if (subscription_ != 0) clock_.Unsubscribe(subscription_);
  if (thread_.joinable()) Reaper::Get().Adopt(std::move(thread_), thread_ended_);
}

bool EmbeddedLink::Await(const std::shared_ptr<Waiting>& waiting, SteadyTime until) {
  waiting->Sleep(until);
  return waiting->answered();
}

Link::Ticket EmbeddedLink::Submit(std::string_view space, Command command, Receiver receiver, const std::stop_token&,
                                  Epoch) {
  const auto operation = std::make_shared<EmbeddedOperation>();
  operation->space = space;
  operation->command = std::move(command);
  operation->receiver = std::move(receiver);
  core_->Submit(operation);
  return operation;
}

Link::Ticket EmbeddedLink::SubmitLater(std::string_view space, Command command, Receiver receiver, Epoch held_in,
                                       bool /*at_once*/) {
  return Submit(space, std::move(command), std::move(receiver), {}, held_in);
}

void EmbeddedLink::Cancel(const Ticket& ticket) { core_->Cancel(static_cast<EmbeddedOperation&>(*ticket)); }

void EmbeddedLink::Release(std::string_view space, std::string_view queue, Fence fence, Epoch held_in) noexcept {
  try {
    Submit(space, sluice::Release{std::string(queue), {fence}}, nullptr, {}, held_in);
  } catch (const std::bad_alloc&) {
    // The item comes back when the session ends.
  }
}

void EmbeddedLink::Close() noexcept { core_->Close(); }

}  // namespace sluice::detail
