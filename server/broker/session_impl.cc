#include "server/broker/session_impl.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <variant>

#include "common/limits.h"
#include "common/seeded_bug.h"
#include "server/broker/sessions.h"

namespace sluice::broker {
namespace {

// Operations that a namespace runs in one step: enough that a lock costs nothing, few enough that others get their
// turn.
constexpr std::size_t kOperationsPerStep = 256;
// So many answers that may wait do wait for another one.
constexpr std::size_t kUnhurriedAnswers = 64;
// A large confirmation must not keep its memory for the life of the thread.
constexpr std::size_t kKeptAnswers = 256;

bool MayWait(const NumberedAnswer& answer) {
  if (!answer.may_wait) return false;
  const GetResult* got = answer.got();
  return got == nullptr || got->deliveries.empty();
}

}  // namespace

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
  const TimePoint now = sessions_->spaces().clock().Now();
  last_seen_.store(now);
  {
    MutexLock lock(answer_mutex_);
    detached_ = now;
  }
  sessions_->spaces().schedule().Arm(Share(), now + grace_);
}

void Session::Impl::Restore(const std::shared_ptr<Space>& space) {
  MutexLock order(order_mutex_);
  space->EnterSession(Logged(), *this);
  spaces_.emplace(space->name(), space);
  suspended_ = true;
  restarted_ = true;
}

void Session::Impl::Holding(std::vector<HeldLeases>&& held) {
  CompletionScope scope;
  MutexLock order(order_mutex_);
  if (ended_.load() || !std::exchange(restarted_, false)) return;
  for (const auto& [name, space] : spaces_) {
    std::vector<Fence> fences;
    for (const HeldLeases& leases : held) {
      if (leases.space == name) fences.insert(fences.end(), leases.fences.begin(), leases.fences.end());
    }
    space->KeepLeases(id_, fences);
  }
}

// ---- streams -----------------------------------------------------------------------------------

Session::Attached Session::Impl::Attach(std::shared_ptr<SessionSink> sink, std::uint64_t answers_seen) {
  CompletionScope scope;
  std::shared_ptr<SessionSink> before = sink;
  std::vector<NumberedAnswer> forgotten;  // goes under no lock, as `before` does
  bool wake = false;
  Attached attached;
  {
    MutexLock order(order_mutex_);
    {
      MutexLock lock(answer_mutex_);
      if (ended_.load()) return attached;
      if (restarted_) {
        log_.StartAfter(answers_seen);
      } else if (!log_.Rewind(answers_seen, &forgotten)) {
        return attached;
      }
      before.swap(sink_);
      recalls_.clear();  // they come again
      wake = woken_ = log_.HasNext();
    }
    attached = {true, operations_seen_, restarted_};
    Touch();
    FinishDeliveries(forgotten);
    suspended_ = false;
    for (const auto& [name, space] : spaces_) space->ResumeSession(id_);
    sessions_->spaces().schedule().Arm(Share(), last_seen_.load() + lease_);
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
    recalls_.clear();
    detached_ = sessions_->spaces().clock().Now();
  }
  suspended_ = true;
  for (const auto& [name, space] : spaces_) space->SuspendSession(id_);
  sessions_->spaces().schedule().Arm(Share(), sessions_->spaces().clock().Now() + grace_);
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
    }
    waiting_ = {};
    LeaveSpaces(log.Unsent());
  }
  sessions_->Remove(id_);
  sessions_->spaces().schedule().Forget(*this);
  if (sink) sink->Gone(reason, message);
}

void Session::Impl::LeaveSpaces(const std::vector<NumberedAnswer>& unsent) {
  std::map<Space*, std::vector<Delivery>> deliveries;
  for (const NumberedAnswer& each : unsent) {
    if (const GetResult* got = each.got()) {
      auto& of_space = deliveries[each.space];
      of_space.insert(of_space.end(), got->deliveries.begin(), got->deliveries.end());
    }
  }
  for (const auto& [name, space] : spaces_) space->EndSession(id_, deliveries[space.get()]);
  spaces_.clear();
  latest_ = nullptr;
}

// ---- time --------------------------------------------------------------------------------------

TimePoint Session::Impl::Touch() {
  if (ended_.load(std::memory_order_relaxed)) return {};  // the clock may be gone with the broker
  const TimePoint now = sessions_->spaces().clock().Now();
  last_seen_.store(now, std::memory_order_relaxed);
  return now;
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
    sessions_->spaces().schedule().Arm(Share(), deadline);
    return;
  }
  if (SLUICE_SEEDED_BUG(kKeepLeases)) return;
  End(Reason::kSessionLost, attached ? "the session has ended: nothing came from its client for its whole lease"
                                     : "the session has ended: no stream came back within the grace period");
}

// ---- operations --------------------------------------------------------------------------------

Space* Session::Impl::Reach(std::string_view space, const Command& command, Answer* refusal) {
  if (latest_ != nullptr && latest_->name() == space) return latest_;
  auto found = spaces_.find(space);
  if (found == spaces_.end()) {
    auto reached = sessions_->spaces().Route(space, command, refusal);
    if (!reached) return nullptr;
    reached->EnterSession(Logged(), *this);
    if (suspended_) reached->SuspendSession(id_);
    found = spaces_.emplace(reached->name(), std::move(reached)).first;
  }
  latest_ = found->second.get();
  return latest_;
}

void Session::Impl::SubmitAll(std::span<SubmittedOperation> operations) {
  CompletionScope scope;
  MutexLock order(order_mutex_);
  ForgetAnswered();
  const TimePoint now = Touch();
  while (!operations.empty()) operations = operations.subspan(RunSome(operations, now));
}

bool Session::Impl::Submit(SubmittedOperation&& operation) {
  CompletionScope scope;
  MutexLock order(order_mutex_);
  if (operation.operation <= operations_seen_) return false;
  ForgetAnswered();
  RunSome({&operation, 1}, Touch());
  return true;
}

std::size_t Session::Impl::RunSome(std::span<SubmittedOperation> operations, TimePoint now) {
  SubmittedOperation& first = operations.front();
  if (first.operation <= operations_seen_) return 1;
  operations_seen_ = first.operation;
  if (ended_.load(std::memory_order_relaxed)) return 1;
  if (const auto* cancel = std::get_if<CancelCommand>(&first.what)) {
    Cancel(cancel->target);
    return 1;
  }
  if (auto* refusal = std::get_if<Answer>(&first.what)) {
    Refuse(first, std::move(*refusal));
    return 1;
  }
  const auto& routed = std::get<RoutedCommand>(first.what);
  Answer refusal;
  Space* const space = Reach(routed.space, routed.command, &refusal);
  if (space == nullptr) {
    Refuse(first, std::move(refusal));
    return 1;
  }
  const auto next = operations.subspan(1, std::min(operations.size(), kOperationsPerStep) - 1);
  const std::size_t count = 1 + CountFor(*space, next);
  operations_seen_ = operations[count - 1].operation;
  space->SubmitAll(id_, now, operations.first(count), *this, &began_to_wait_);
  for (const WaitingOperation& each : began_to_wait_) waiting_.Add(each.operation, {space, each.id});
  began_to_wait_.clear();
  return count;
}

void Session::Impl::Refuse(const SubmittedOperation& operation, Answer&& refusal) {
  CompletionScope::Add(*this, {.operation = operation.operation,
                               .may_wait = operation.answer_may_wait,
                               .answer = std::make_shared<const Answer>(std::move(refusal))});
}

std::size_t Session::Impl::CountFor(const Space& space, std::span<const SubmittedOperation> operations) const {
  std::size_t count = 0;
  std::uint64_t seen = operations_seen_;
  for (const SubmittedOperation& each : operations) {
    const auto* routed = std::get_if<RoutedCommand>(&each.what);
    if (routed == nullptr || each.operation <= seen || routed->space != space.name()) break;
    seen = each.operation;
    ++count;
  }
  return count;
}

void Session::Impl::Cancel(std::uint64_t target) {
  const Waiting waiting = waiting_.Take(target);
  if (waiting.space != nullptr) waiting.space->Cancel(waiting.id);
}

void Session::Impl::ForgetAnswered() {
  if (!any_answered_.load(std::memory_order_relaxed)) return;
  std::vector<std::uint64_t> answered;
  {
    MutexLock lock(answer_mutex_);
    answered.swap(answered_);
    any_answered_.store(false, std::memory_order_relaxed);
  }
  for (const std::uint64_t operation : answered) waiting_.Take(operation);
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

void Session::Impl::Answered(std::vector<NumberedAnswer>& answers) {
  for (NumberedAnswer& each : answers) Weigh(each);
  std::shared_ptr<SessionSink> sink;
  bool ended = false;
  bool too_many = false;
  {
    MutexLock lock(answer_mutex_);
    ended = ended_.load(std::memory_order_relaxed);
    if (!ended) {
      std::size_t may_wait = 0;
      for (NumberedAnswer& each : answers) {
        if (each.waited) answered_.push_back(each.operation);
        if (MayWait(each)) ++may_wait;
        log_.Add(std::move(each));
      }
      unhurried_ += may_wait;
      const bool hurry = may_wait < answers.size() || unhurried_ > kUnhurriedAnswers;
      any_answered_.store(!answered_.empty(), std::memory_order_relaxed);
      too_many = log_.retained() > limits::kRetainedAnswers;
      if (sink_ && hurry && !std::exchange(woken_, true)) sink = sink_;
    }
  }
  if (ended) {  // nobody hears these
    for (const NumberedAnswer& each : answers) {
      if (const GetResult* got = each.got()) each.space->Undelivered(got->deliveries);
    }
  } else if (too_many) {
    End(Reason::kLimitReached, "the session has ended: its client left more than " +
                                   std::to_string(limits::kRetainedAnswers) + " answers unconfirmed");
  } else if (sink) {
    sink->Wake();
  }
}

void Session::Impl::Recalled(const Space& space, const std::string& queue, Fence last) {
  std::shared_ptr<SessionSink> sink;
  {
    MutexLock lock(answer_mutex_);
    if (ended_.load(std::memory_order_relaxed) || !sink_) return;
    const auto same = std::find_if(recalls_.begin(), recalls_.end(), [&](const SessionRecall& each) {
      return each.space == space.name() && each.queue == queue;
    });
    if (same != recalls_.end()) {
      same->last = std::max(same->last, last);
      return;
    }
    recalls_.push_back({space.name(), queue, last});
    if (!std::exchange(woken_, true)) sink = sink_;
  }
  if (sink) sink->Wake();
}

std::vector<SessionAnswer> Session::Impl::TakeAnswers(const SessionSink* sink, std::size_t max_items,
                                                      std::size_t max_bytes, std::vector<SessionRecall>* recalls) {
  MutexLock lock(answer_mutex_);
  if (sink == nullptr || sink_.get() != sink) return {};
  woken_ = false;
  unhurried_ = 0;
  if (recalls != nullptr) recalls->swap(recalls_);
  return log_.Take(max_items, max_bytes);
}

bool Session::Impl::Confirm(std::uint64_t answers_seen) {
  thread_local std::vector<NumberedAnswer> done_with;  // a buffer; goes under no lock
  bool finishes = false;
  {
    MutexLock lock(answer_mutex_);
    if (ended_.load(std::memory_order_relaxed)) return true;  // the stream hears of that by itself
    finishes = log_.HasAutoAck();
    if (!finishes && !log_.Confirm(answers_seen, &done_with)) return false;
  }
  if (finishes) return ConfirmAndFinish(answers_seen);
  done_with.clear();
  if (done_with.capacity() > kKeptAnswers) done_with.shrink_to_fit();
  return true;
}

bool Session::Impl::ConfirmAndFinish(std::uint64_t answers_seen) {
  std::vector<NumberedAnswer> forgotten;  // goes under no lock
  CompletionScope scope;
  MutexLock order(order_mutex_);
  {
    MutexLock lock(answer_mutex_);
    if (ended_.load(std::memory_order_relaxed)) return true;
    if (!log_.Confirm(answers_seen, &forgotten)) return false;
  }
  FinishDeliveries(forgotten);
  return true;
}

void Session::Impl::FinishDeliveries(const std::vector<NumberedAnswer>& answers) {
  for (const NumberedAnswer& each : answers) {
    if (each.auto_ack()) each.space->Delivered(each.got()->deliveries);
  }
}

}  // namespace sluice::broker
