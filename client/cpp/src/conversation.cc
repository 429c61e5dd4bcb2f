#include "client/cpp/src/conversation.h"

#include <algorithm>
#include <iterator>
#include <type_traits>
#include <utility>
#include <variant>

#include "client/cpp/src/command_traits.h"
#include "common/limits.h"
#include "proto/wire.h"

namespace sluice::detail {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMessageFill = 1u << 20;     // bytes after which a message is closed: keeps the stream flowing
constexpr std::size_t kWindowBytes = 16u << 20;    // unsent: more only takes memory
constexpr std::size_t kWindowOperations = 65'536;  // unsent
constexpr std::uint64_t kConfirmAnswers = 256;     // the server keeps answers until they are confirmed
constexpr milliseconds kCancelWait{2'000};         // a cancelled call does not wait longer for a silent server
constexpr milliseconds kQuiet{200};                // before what a server refused as UNAVAILABLE is sent again
// A put is sent again to a server that may have made it while that surely knows it.
constexpr milliseconds kRepeatable = limits::kPutWindowTime - std::chrono::minutes(1);

Answer CancelledAnswer(const char* why) { return Answer::Refused(Reason::kCancelled, why); }

Answer ForgottenAnswer() {
  return Answer::Refused(Reason::kUnavailable,
                         "the connection was away for longer than a server knows puts again: the items may or may not "
                         "have been added");
}

Answer LeaseLostAnswer() {
  return Answer::Refused(Reason::kLeaseLost, "the client's session was lost, and its leases with it");
}

}  // namespace

void Conversation::Effects::Run() {
  LeaseTable::Stop(std::move(lost));
  for (Finished& one : finished) one.receiver.Finish(std::move(one.answer), one.epoch);
}

std::size_t Conversation::Effects::waiting() const {
  return static_cast<std::size_t>(
      std::count_if(finished.begin(), finished.end(), [](const Finished& one) { return one.receiver.waits(); }));
}

void Conversation::Effects::FinishUndemanding() {
  std::erase_if(finished, [](Finished& one) {
    if (!one.receiver.undemanding()) return false;
    one.receiver.Finish(std::move(one.answer), one.epoch);
    return true;
  });
}

void Conversation::Effects::MoveTo(Effects* other) {
  std::move(finished.begin(), finished.end(), std::back_inserter(other->finished));
  std::move(lost.begin(), lost.end(), std::back_inserter(other->lost));
  finished.clear();
  lost.clear();
}

Conversation::Conversation(Options options, std::shared_ptr<LeaseTable> leases)
    : options_(std::move(options)), leases_(std::move(leases)), lease_(options_.lease) {}

// ---- operations ----

void Conversation::Add(RemoteOperationPtr operation, SteadyTime now) {
  operation->id = next_id_++;
  SetSequence(*operation);
  unsent_bytes_ += operation->bytes;
  ++unsent_count_;
  operation->unattended = operation->receiver && !operation->receiver.undemanding();
  if (operation->unattended) ++unattended_;
  if (!connected_ && operation->receiver) SetGiveUp(operation, now + options_.connect_timeout);
  const std::uint64_t id = operation->id;  // first: arguments are evaluated in any order
  pending_.emplace_hint(pending_.end(), id, Entry{std::move(operation)});
}

bool Conversation::Cancel(const RemoteOperationPtr& operation, SteadyTime now, Effects& effects) {
  if (operation->id == 0 || !operation->receiver || std::exchange(operation->cancelled, true)) return false;
  if (connected_ ? !Sent(*operation) : !MayBeMade(*operation)) {
    Abandon(operation, CancelledAnswer("cancelled"), effects);
    return false;
  }
  AddCancel(*operation);
  SetGiveUp(operation, now + kCancelWait);
  return connected_;
}

// A put that the server may have made: it is worth asking also when nobody wants it any more, for the caller wants to
// know. Of other operations nothing is left when they are cancelled.
bool Conversation::MayBeMade(const RemoteOperation& operation) {
  return operation.told && std::holds_alternative<Put>(operation.command);
}

void Conversation::SetSequence(RemoteOperation& operation) {
  auto* put = std::get_if<Put>(&operation.command);
  if (put != nullptr && put->producer.empty() && put->sequence == 0) put->sequence = next_sequence_++;
}

void Conversation::Close(Effects& effects) {
  for (const RemoteOperationPtr& operation : Operations()) {
    if (!operation->receiver && !Sent(*operation)) continue;
    Finish(*operation, CancelledAnswer("the client was closed"), effects);
    Forget(*operation);
  }
  session_ = 0;
  quiet_until_ = {};  // what was refused has one more chance
  effects.lost = leases_->LoseAll();
}

bool Conversation::window_full() const { return unsent_bytes_ >= kWindowBytes || unsent_count_ >= kWindowOperations; }

void Conversation::AddCancel(RemoteOperation& operation) {
  if (operation.cancel != 0) return;
  operation.cancel = next_id_++;
  ++unsent_count_;
  pending_.emplace_hint(pending_.end(), operation.cancel, Entry{nullptr, operation.id});
}

// It is answered, or will never be sent: takes it and its Cancel out.
void Conversation::Forget(RemoteOperation& operation) {
  for (const std::uint64_t id : {operation.id, operation.cancel}) {
    if (id == 0 || pending_.erase(id) == 0 || id <= sent_) continue;
    --unsent_count_;
    if (id == operation.id) unsent_bytes_ -= operation.bytes;
  }
  if (operation.unattended && operation.id != 0) --unattended_;
  if (operation.give_up) give_ups_.erase({*operation.give_up, operation.id});
  operation.id = operation.cancel = 0;
  operation.give_up.reset();
}

void Conversation::Finish(RemoteOperation& operation, Answer answer, Effects& effects) {
  if (!operation.receiver) return;
  if (operation.id != 0 && !std::exchange(operation.unattended, true)) ++unattended_;
  effects.finished.push_back({std::exchange(operation.receiver, nullptr), std::move(answer), leases_->epoch()});
}

// The caller gets `answer` now. What the server may already have is taken back.
void Conversation::Abandon(const RemoteOperationPtr& operation, Answer answer, Effects& effects) {
  Finish(*operation, std::move(answer), effects);
  if (!Sent(*operation)) return Forget(*operation);
  operation->unwanted = true;
  SetGiveUp(operation, std::nullopt);
  if (TimeoutOf(operation->command) != WaitTime(milliseconds(0))) AddCancel(*operation);
}

// The server did not take it: a new number, at the end. What nobody waits for is tried for as long as the session
// lives.
void Conversation::SendAgain(const RemoteOperationPtr& operation, SteadyTime now) {
  std::optional<SteadyTime> give_up;
  if (operation->receiver) give_up = operation->refused ? operation->give_up : GiveUpTime(*operation, now);
  Forget(*operation);
  operation->refused = true;
  Add(operation, now);
  SetGiveUp(operation, give_up);
}

// ---- the stream ----

v1::SessionRequest Conversation::Hello() const {
  v1::SessionRequest request;
  v1::Hello* hello = request.mutable_hello();
  hello->set_client_name(options_.client_name);
  hello->set_lease_ms(options_.lease.count());
  hello->set_producer(options_.producer);
  if (session_ != 0) {
    hello->set_session(session_);
    hello->set_token(token_);
    request.set_answers_seen(AnswersToConfirm());
  }
  return request;
}

void Conversation::OnWelcome(const v1::Welcome& welcome, SteadyTime now, Effects& effects) {
  const bool resumed = session_ != 0 && welcome.resumed() && welcome.session() == session_;
  const bool same_server = resumed && !welcome.restarted();
  if (session_ != 0 && !resumed) LoseSession(effects);
  if (!same_server) GiveUpForgotten(now, effects);
  session_ = welcome.session();
  token_ = welcome.token();
  lease_ = milliseconds(welcome.lease_ms() > 0 ? welcome.lease_ms() : options_.lease.count());
  grace_ = milliseconds(welcome.grace_ms());
  connected_ = true;
  quiet_until_ = now;
  sent_ = same_server ? std::min(welcome.operations_seen(), next_id_ - 1) : 0;
  received_ = confirmed_ = AnswersToConfirm();  // the server begins after these
  if (!same_server) held_back_.clear();         // of answers that it does not know
  say_holding_ = resumed && !same_server;
  CountUnsent();
  for (const RemoteOperationPtr& operation : Operations()) {
    if (operation->unwanted && !Sent(*operation)) {
      Forget(*operation);  // the server never had it
    } else if (!operation->refused && !operation->cancelled) {
      SetGiveUp(operation, std::nullopt);
    }
  }
}

// Beyond the server's memory of puts nobody can tell whether they were made: sent again, they might be made twice.
void Conversation::GiveUpForgotten(SteadyTime now, Effects& effects) {
  if (now <= heard_ + kRepeatable) return;
  for (const RemoteOperationPtr& operation : Operations()) {
    if (!MayBeMade(*operation)) continue;
    Finish(*operation, ForgottenAnswer(), effects);
    Forget(*operation);
  }
}

bool Conversation::NextMessage(SteadyTime now, Message* message) {
  message->answers_seen = AnswersToConfirm();
  message->operations.clear();
  message->held.clear();
  message->holding.reset();
  const bool hold = std::exchange(say_holding_, false);
  if (hold) message->holding = held_.Name();
  std::size_t bytes = 0;
  auto next = now < quiet_until_ ? pending_.end() : pending_.upper_bound(sent_);
  for (; next != pending_.end(); ++next) {
    const auto& [id, entry] = *next;
    const std::size_t size = entry.operation ? entry.operation->bytes : 0;
    if (bytes > 0 && bytes + size > kMessageFill) break;
    bytes += std::max<std::size_t>(size, 1);
    if (entry.operation) {
      message->operations.push_back({.id = id,
                                     .space = &entry.operation->space,
                                     .command = &entry.operation->command,
                                     .timeout = TimeLeft(*entry.operation, now),
                                     .answer_may_wait = entry.operation->answer_may_wait});
      message->held.push_back(entry.operation);
      entry.operation->told = true;
    } else {
      message->operations.push_back({.id = id, .timeout = {}, .cancels = entry.cancels});
    }
    sent_ = id;
    unsent_bytes_ -= size;
    --unsent_count_;
  }
  const bool confirm = confirm_now_ || message->answers_seen >= confirmed_ + kConfirmAnswers;
  if (message->operations.empty() && !confirm && !hold) return false;
  confirm_now_ = false;
  confirmed_ = message->answers_seen;
  return true;
}

Conversation::Message Conversation::SignOfLife() {
  confirm_now_ = false;
  confirmed_ = AnswersToConfirm();
  return {.answers_seen = confirmed_};
}

// What is left of a timeout that began when the operation was first sent; nullopt when it begins now, or is no timeout.
std::optional<milliseconds> Conversation::TimeLeft(RemoteOperation& operation, SteadyTime now) {
  if (operation.deadline) {
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*operation.deadline - now));
  }
  if (const WaitTime timeout = TimeoutOf(operation.command); timeout && timeout->count() > 0) {
    operation.deadline = now + *timeout;
  }
  return std::nullopt;
}

void Conversation::OnAnswers(std::span<std::pair<std::uint64_t, Answer>> answers, SteadyTime now, Effects& effects) {
  for (auto& [id, answer] : answers) {
    ++received_;
    OnAnswer(id, std::move(answer), now, effects);
  }
  if (effects.session_lost) LoseSession(effects);
}

void Conversation::OnAnswer(std::uint64_t id, Answer&& answer, SteadyTime now, Effects& effects) {
  held_back_.erase(id);
  const auto found = pending_.find(id);
  if (found == pending_.end() || found->second.operation == nullptr) return;  // sent twice: delivered once
  const RemoteOperationPtr operation = found->second.operation;
  if (answer.reason == Reason::kSessionLost) {
    effects.session_lost = true;  // the operation goes the way of all in LoseSession
    return;
  }
  if (answer.reason == Reason::kUnavailable && !operation->cancelled && !operation->unwanted) {
    quiet_until_ = now + kQuiet;
    operation->refusal = std::move(answer.message);
    return SendAgain(operation, now);
  }
  Forget(*operation);
  NoteLeases(*operation, answer);
  if (const auto* get = std::get_if<Get>(&operation->command)) confirm_now_ = confirm_now_ || get->auto_ack;
  if (!operation->receiver) return GiveBack(*operation, answer, now);
  Finish(*operation, std::move(answer), effects);
}

// A plain pop is finished when it is confirmed; one that goes back is held until then.
void Conversation::NoteLeases(const RemoteOperation& operation, const Answer& answer) {
  if (const auto* result = std::get_if<GetResult>(&answer.result)) {
    const auto& get = std::get<Get>(operation.command);
    if (!get.auto_ack || !operation.receiver) held_.Add(operation.space, get.queue, result->deliveries);
    return;
  }
  const bool over = answer.ok() || answer.reason == Reason::kLeaseLost || answer.reason == Reason::kQueueNotFound;
  if (!over) return;
  std::visit(
      [&](const auto& one) {
        if constexpr (requires { one.fences; } && !std::is_same_v<decltype(one), const Extend&>) {
          held_.Remove(operation.space, one.queue, one.fences);
        }
      },
      operation.command);
}

// Items that arrive when nobody waits for them any more go back to their places.
void Conversation::GiveBack(const RemoteOperation& operation, const Answer& answer, SteadyTime now) {
  const auto* result = std::get_if<GetResult>(&answer.result);
  if (result == nullptr || result->deliveries.empty()) return;
  const auto& get = std::get<Get>(operation.command);
  sluice::Release release{get.queue, {}};
  for (const Delivery& delivery : result->deliveries) release.fences.push_back(delivery.fence);
  const auto back = std::make_shared<RemoteOperation>();
  back->space = operation.space;
  back->command = std::move(release);
  Add(back, now);
  if (get.auto_ack) held_back_.emplace(back->id, received_);
}

void Conversation::OnBroken(std::string why, SteadyTime heard, SteadyTime now, Effects& effects) {
  if (std::exchange(connected_, false)) heard_ = heard;
  trouble_ = std::move(why);
  for (const RemoteOperationPtr& operation : Operations()) {
    if (!operation->receiver) continue;
    if (operation->cancelled) {
      if (!MayBeMade(*operation)) Abandon(operation, CancelledAnswer("cancelled"), effects);
    } else if (!operation->give_up) {
      SetGiveUp(operation, GiveUpTime(*operation, now));
    }
  }
}

void Conversation::LoseSession(Effects& effects) {
  session_ = 0;
  token_.clear();
  sent_ = received_ = confirmed_ = 0;
  confirm_now_ = false;
  held_back_.clear();
  held_.Clear();
  for (const RemoteOperationPtr& operation : Operations()) {
    const bool lost = NamesLeases(operation->command);
    const bool wanted = !operation->cancelled || MayBeMade(*operation);
    if (operation->receiver && !lost && wanted) continue;  // begun anew in the next session
    Finish(*operation, lost ? LeaseLostAnswer() : CancelledAnswer("cancelled"), effects);
    Forget(*operation);
  }
  CountUnsent();
  const std::vector<std::stop_source> lost = leases_->LoseAll();
  effects.lost.insert(effects.lost.end(), lost.begin(), lost.end());
}

// A server that is there has said why.
Answer Conversation::GivenUp(const RemoteOperation& operation) const {
  if (operation.cancelled) return CancelledAnswer("cancelled");
  if (!connected_ || operation.refusal.empty()) return UnavailableAnswer();
  return Answer::Refused(Reason::kUnavailable,
                         "the Sluice server at " + options_.address + " refuses it: " + operation.refusal);
}

Answer Conversation::UnavailableAnswer() const {
  return Answer::Refused(Reason::kUnavailable, "no answer from the Sluice server at " + options_.address + " within " +
                                                   std::to_string(options_.connect_timeout.count()) + " ms (" +
                                                   trouble_ +
                                                   "): check that sluiced runs there and the address is right");
}

// ---- time ----

void Conversation::Expire(SteadyTime now, Effects& effects) {
  while (!give_ups_.empty() && give_ups_.begin()->first <= now) {
    const RemoteOperationPtr operation = pending_.at(give_ups_.begin()->second).operation;
    Abandon(operation, GivenUp(*operation), effects);
  }
}

std::optional<SteadyTime> Conversation::NextDeadline(SteadyTime now) const {
  std::optional<SteadyTime> next;
  if (!give_ups_.empty()) next = give_ups_.begin()->first;
  if (connected_ && quiet_until_ > now) next = next ? std::min(*next, quiet_until_) : quiet_until_;
  return next;
}

void Conversation::SetGiveUp(const RemoteOperationPtr& operation, std::optional<SteadyTime> time) {
  if (operation->give_up) give_ups_.erase({*operation->give_up, operation->id});
  operation->give_up = time;
  if (time) give_ups_.emplace(*time, operation->id);
}

// Of an operation whose stream broke now, or that the server refuses as UNAVAILABLE since now.
std::optional<SteadyTime> Conversation::GiveUpTime(const RemoteOperation& operation, SteadyTime now) const {
  const bool waits_for_ever = !TimeoutOf(operation.command);
  if (waits_for_ever && options_.retry_forever) return std::nullopt;
  const bool to_deadline = operation.deadline && options_.retry_forever;
  return (to_deadline ? std::max(*operation.deadline, now) : now) + options_.connect_timeout;
}

std::uint64_t Conversation::AnswersToConfirm() const {
  std::uint64_t count = received_;
  for (const auto& [release, answer] : held_back_) count = std::min(count, answer - 1);
  return count;
}

void Conversation::CountUnsent() {
  unsent_bytes_ = unsent_count_ = 0;
  for (auto next = pending_.upper_bound(sent_); next != pending_.end(); ++next) {
    ++unsent_count_;
    if (next->second.operation) unsent_bytes_ += next->second.operation->bytes;
  }
}

std::vector<RemoteOperationPtr> Conversation::Operations() const {
  std::vector<RemoteOperationPtr> operations;
  for (const auto& [id, entry] : pending_) {
    if (entry.operation) operations.push_back(entry.operation);
  }
  return operations;
}

}  // namespace sluice::detail
