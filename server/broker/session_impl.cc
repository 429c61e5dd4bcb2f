#include "server/broker/session_impl.h"

#include <utility>
#include <variant>

#include "common/limits.h"
#include "server/broker/sessions.h"

namespace sluice::broker {

Session::Impl::Impl(SessionId id, std::string token, std::string client_name, std::chrono::milliseconds lease,
                    std::shared_ptr<Sessions> sessions)
    : id_(id),
      token_(std::move(token)),
      client_name_(std::move(client_name)),
      lease_(lease),
      grace_(sessions->spaces().options().grace),
      sessions_(std::move(sessions)),
      last_seen_(sessions_->spaces().clock().Now()),
      detached_(last_seen_.load()) {}

void Session::Impl::Start() {
  CompletionScope scope;
  sessions_->spaces().schedule().Arm(shared_from_this(), last_seen_.load() + grace_);
}

// ---- streams -----------------------------------------------------------------------------------

Session::Attached Session::Impl::Attach(std::shared_ptr<SessionSink> sink, std::uint64_t answers_seen) {
  CompletionScope scope;
  std::shared_ptr<SessionSink> before = sink;
  std::vector<SessionAnswer> forgotten;  // goes under no lock, as `before` does
  bool wake = false;
  Attached attached;
  {
    MutexLock order(order_mutex_);
    {
      MutexLock lock(answer_mutex_);
      if (ended_.load() || !log_.Rewind(answers_seen, &forgotten)) return attached;
      before.swap(sink_);
      wake = woken_ = log_.HasNext();
    }
    attached = {true, operations_seen_};
    Touch();
    FinishDeliveries(forgotten);
    if (std::exchange(suspended_, false)) {
      for (const auto& [name, space] : spaces_) space->ResumeSession(id_);
    }
    sessions_->spaces().schedule().Arm(shared_from_this(), last_seen_.load() + lease_);
  }
  if (before && before != sink) before->Gone(Reason::kCancelled, "another stream has taken this session over");
  if (wake) sink->Wake();
  return attached;
}

void Session::Impl::Detach(const SessionSink* sink) {
  CompletionScope scope;
  std::shared_ptr<SessionSink> before;  // goes under no lock
  MutexLock order(order_mutex_);
  {
    MutexLock lock(answer_mutex_);
    if (ended_.load() || sink == nullptr || sink_.get() != sink) return;
    before.swap(sink_);
    detached_ = sessions_->spaces().clock().Now();
  }
  suspended_ = true;
  for (const auto& [name, space] : spaces_) space->SuspendSession(id_);
  sessions_->spaces().schedule().Arm(shared_from_this(), sessions_->spaces().clock().Now() + grace_);
}

void Session::Impl::End(Reason reason, const std::string& message) {
  CompletionScope scope;
  std::shared_ptr<SessionSink> sink;
  AnswerLog log;
  {
    MutexLock order(order_mutex_);
    {
      MutexLock lock(answer_mutex_);
      if (ended_.exchange(true)) return;
      sink.swap(sink_);
      std::swap(log, log_);
      waiting_.clear();
    }
    LeaveSpaces(log.Unsent());
  }
  sessions_->Remove(id_);
  sessions_->spaces().schedule().Forget(*this);
  if (sink) sink->Gone(reason, message);
}

void Session::Impl::LeaveSpaces(const std::vector<SessionAnswer>& unsent) {
  std::map<std::string, std::vector<Delivery>, std::less<>> deliveries;
  for (const SessionAnswer& each : unsent) {
    if (const auto* got = std::get_if<GetResult>(&each.answer->result)) {
      auto& of_space = deliveries[each.space];
      of_space.insert(of_space.end(), got->deliveries.begin(), got->deliveries.end());
    }
  }
  for (const auto& [name, space] : spaces_) space->EndSession(id_, deliveries[name]);
  spaces_.clear();
}

// ---- time --------------------------------------------------------------------------------------

void Session::Impl::Touch() {
  if (ended_.load(std::memory_order_relaxed)) return;  // the clock may be gone with the broker
  last_seen_.store(sessions_->spaces().clock().Now(), std::memory_order_relaxed);
}

TimePoint Session::Impl::Deadline() const { return sink_ ? last_seen_.load() + lease_ : detached_ + grace_; }

void Session::Impl::Due() {
  CompletionScope scope;
  bool attached = false;
  TimePoint deadline;
  {
    MutexLock lock(answer_mutex_);
    if (ended_.load()) return;
    attached = sink_ != nullptr;
    deadline = Deadline();
  }
  if (deadline > sessions_->spaces().clock().Now()) {
    sessions_->spaces().schedule().Arm(shared_from_this(), deadline);
    return;
  }
  End(Reason::kSessionLost, attached ? "the session has ended: nothing came from its client for its whole lease"
                                     : "the session has ended: no stream came back within the grace period");
}

// ---- operations --------------------------------------------------------------------------------

bool Session::Impl::Begin(std::uint64_t operation) {
  if (operation <= operations_seen_) return false;
  operations_seen_ = operation;
  return true;
}

std::shared_ptr<Space> Session::Impl::Reach(std::string_view space, const Command& command, Answer* refusal) {
  if (const auto found = spaces_.find(space); found != spaces_.end()) return found->second;
  auto reached = sessions_->spaces().Route(space, command, refusal);
  if (reached) {
    spaces_.emplace(reached->name(), reached);
    if (suspended_) reached->SuspendSession(id_);
  }
  return reached;
}

void Session::Impl::SubmitAll(std::vector<SubmittedOperation>& operations) {
  for (SubmittedOperation& each : operations) {
    if (auto* routed = std::get_if<RoutedCommand>(&each.what)) {
      Submit(each.operation, routed->space, std::move(routed->command));
    } else if (const auto* cancel = std::get_if<CancelCommand>(&each.what)) {
      Cancel(each.operation, cancel->target);
    } else {
      Refuse(each.operation, std::move(std::get<Answer>(each.what)));
    }
  }
}

bool Session::Impl::Submit(std::uint64_t operation, std::string_view space, Command&& command) {
  CompletionScope scope;
  MutexLock order(order_mutex_);
  if (!Begin(operation)) return false;
  {
    MutexLock lock(answer_mutex_);
    if (ended_.load()) return true;
    submitting_ = operation;
  }
  Answer refusal;
  const auto reached = Reach(space, command, &refusal);
  Completion completion = [self = shared_from_this(), reached, operation](Answer&& answer) {
    self->Answered(operation, reached, std::move(answer));
  };
  if (!reached) {
    CompletionScope::Add(std::move(completion), std::move(refusal));
    return true;
  }
  const OperationId id = reached->Submit(id_, std::move(command), std::move(completion));
  if (!id) return true;
  MutexLock lock(answer_mutex_);
  if (submitting_ == operation) waiting_.emplace(operation, Waiting{reached, id});  // else it was answered meanwhile
  submitting_ = 0;
  return true;
}

bool Session::Impl::Refuse(std::uint64_t operation, Answer&& answer) {
  CompletionScope scope;
  MutexLock order(order_mutex_);
  if (!Begin(operation)) return false;
  CompletionScope::Add([self = shared_from_this(),
                        operation](Answer&& refusal) { self->Answered(operation, nullptr, std::move(refusal)); },
                       std::move(answer));
  return true;
}

bool Session::Impl::Cancel(std::uint64_t operation, std::uint64_t target) {
  CompletionScope scope;
  MutexLock order(order_mutex_);
  if (!Begin(operation)) return false;
  Waiting waiting;
  {
    MutexLock lock(answer_mutex_);
    const auto found = waiting_.find(target);
    if (found == waiting_.end()) return true;
    waiting = found->second;
  }
  waiting.space->Cancel(waiting.id);
  return true;
}

OperationId Session::Impl::Run(std::string_view space, Command&& command, Completion&& completion) {
  CompletionScope scope;
  MutexLock order(order_mutex_);
  Answer refusal = Answer::Refused(Reason::kSessionLost, "the session has ended");
  const auto reached = ended_.load() ? nullptr : Reach(space, command, &refusal);
  if (reached) return reached->Submit(id_, std::move(command), std::move(completion));
  CompletionScope::Add(std::move(completion), std::move(refusal));
  return {};
}

// ---- answers -----------------------------------------------------------------------------------

void Session::Impl::Answered(std::uint64_t operation, const std::shared_ptr<Space>& space, Answer&& answer) {
  std::shared_ptr<SessionSink> sink;
  bool ended = false;
  bool too_many = false;
  {
    MutexLock lock(answer_mutex_);
    ended = ended_.load();
    if (!ended) {
      if (waiting_.erase(operation) == 0 && submitting_ == operation) submitting_ = 0;
      log_.Add({operation, space ? space->name() : std::string(), std::make_shared<const Answer>(std::move(answer))});
      too_many = log_.retained() > limits::kRetainedAnswers;
      if (sink_ && !std::exchange(woken_, true)) sink = sink_;
    }
  }
  if (ended) {  // nobody hears this
    if (const auto* got = std::get_if<GetResult>(&answer.result)) space->Undelivered(got->deliveries);
  } else if (too_many) {
    End(Reason::kLimitReached, "the session has ended: its client left more than " +
                                   std::to_string(limits::kRetainedAnswers) + " answers unconfirmed");
  } else if (sink) {
    sink->Wake();
  }
}

std::vector<SessionAnswer> Session::Impl::TakeAnswers(const SessionSink* sink, std::size_t max_items,
                                                      std::size_t max_bytes) {
  MutexLock lock(answer_mutex_);
  if (sink == nullptr || sink_.get() != sink) return {};
  woken_ = false;
  return log_.Take(max_items, max_bytes);
}

bool Session::Impl::Confirm(std::uint64_t answers_seen) {
  CompletionScope scope;
  std::vector<SessionAnswer> forgotten;  // goes under no lock
  MutexLock order(order_mutex_);
  {
    MutexLock lock(answer_mutex_);
    if (ended_.load()) return true;  // the stream hears of that by itself
    if (!log_.Confirm(answers_seen, &forgotten)) return false;
  }
  FinishDeliveries(forgotten);
  return true;
}

void Session::Impl::FinishDeliveries(const std::vector<SessionAnswer>& answers) {
  for (const SessionAnswer& each : answers) {
    const auto* got = std::get_if<GetResult>(&each.answer->result);
    if (got == nullptr || !got->auto_ack) continue;
    if (const auto space = spaces_.find(each.space); space != spaces_.end()) space->second->Delivered(got->deliveries);
  }
}

}  // namespace sluice::broker
