#include "tests/sim/sim_client.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "proto/session_codec.h"
#include "tests/sim/text.h"

namespace sluice::sim {
namespace {

using namespace std::chrono_literals;

constexpr auto kLease = 3'000ms;
constexpr Duration kConnect = 1s;  // a server that does not greet by then is given up
constexpr Duration kTick = 40ms;

}  // namespace

SimClient::SimClient(const Surroundings& world, std::uint64_t number)
    : world_(world),
      name_("c" + std::to_string(number)),
      conversation_({"server:1", name_, "producer " + name_, kLease, 5'000ms, true},
                    std::make_shared<detail::LeaseTable>()) {}

void SimClient::Begin() {
  Tell("begins");
  Tick();
  Act();
}

void SimClient::Later(Duration delay, void (SimClient::*what)()) {
  world_.agenda.After(delay, [weak = weak_from_this(), what] {
    if (const auto self = weak.lock(); self && !self->ended_) (self.get()->*what)();
  });
}

// ---- the session -----------------------------------------------------------------------------------

template <typename Step>
void SimClient::Run(Step step) {
  detail::Conversation::Effects effects;
  step(effects);
  const bool lost = effects.session_lost;
  effects.Run();
  if (lost && state_ == State::kOpen) {
    Tell("has lost its session");
    EndStream();
    Connect();
  }
  WriteSoon();
}

void SimClient::Tick() {
  const TimePoint now = world_.agenda.Now();
  Later(kTick + Duration(world_.dice.Below(5'000)), &SimClient::Tick);
  bool over = false;
  Run([&](auto& effects) {
    conversation_.Expire(world_.agenda.SteadyNow(), effects);
    over = !conversation_.connected() && conversation_.has_session() &&
           now >= received_at_ + conversation_.lease() + conversation_.grace();
    if (over) conversation_.LoseSession(effects);
  });
  switch (state_) {
    case State::kNone:
      if (now >= retry_at_) Connect();
      break;
    case State::kGreeting:
      if (over || now >= heartbeat_at_) EndStream();  // its greeting may name the session that was given up
      break;
    case State::kOpen:
      if (now >= received_at_ + conversation_.lease()) {
        EndStream();
      } else if (now >= heartbeat_at_) {
        heartbeat_at_ = now + conversation_.lease() / 3;
        Send(conversation_.SignOfLife());
      }
      break;
  }
}

void SimClient::Connect() {
  state_ = State::kGreeting;
  heartbeat_at_ = world_.agenda.Now() + kConnect;
  connection_ = std::make_shared<Connection>(world_.agenda, world_.dice);
  connection_->Attach(Connection::kClient, {[weak = weak_from_this()](const std::string& bytes) {
                                              if (const auto self = weak.lock()) self->OnMessage(bytes);
                                            },
                                            [weak = weak_from_this()](Reason why) {
                                              if (const auto self = weak.lock()) self->OnClosed(why);
                                            }});
  if (!world_.dial(connection_)) return connection_->Cut(Duration(world_.dice.Below(2'000)), 0us);
  connection_->Send(Connection::kClient, conversation_.Hello().SerializeAsString());
}

void SimClient::OnMessage(const std::string& bytes) {
  google::protobuf::io::ArrayInputStream in(bytes.data(), static_cast<int>(bytes.size()));
  wire::ResponseIn response;
  if (!wire::ReadResponse(&in, &response)) return world_.ledger.Expect(false, "a response is no SessionResponse");
  received_at_ = world_.agenda.Now();
  const auto now = world_.agenda.SteadyNow();
  if (response.welcome) {
    Tell("is welcome in session " + std::to_string(response.welcome->session()) +
         (response.welcome->restarted() ? " restarted"
          : response.welcome->resumed() ? " resumed"
                                        : " new"));
    state_ = State::kOpen;
    heartbeat_at_ = received_at_ + kLease / 3;
    Run([&](auto& effects) { conversation_.OnWelcome(*response.welcome, now, effects); });
  }
  Run([&](auto& effects) { conversation_.OnAnswers(response.answers, now, effects); });
}

// This end breaks it off, or has heard that it is broken.
void SimClient::EndStream() {
  if (connection_) {
    connection_->LetGo(Connection::kClient);
    connection_->Cut(0us, Duration(world_.dice.Below(2'000)));
    connection_ = nullptr;
  }
  state_ = State::kNone;
  retry_at_ = world_.agenda.Now() + Duration(world_.dice.Below(200'000));
  const auto heard =
      Agenda::Steady(std::chrono::duration_cast<Agenda::Steady::duration>(received_at_.time_since_epoch()));
  Run([&](auto& effects) { conversation_.OnBroken("it broke", heard, world_.agenda.SteadyNow(), effects); });
}

void SimClient::OnClosed(Reason why) {
  world_.ledger.Expect(why != Reason::kInvalidArgument, "the server does not understand " + name_);
  Tell("is told that its stream ends");
  EndStream();
  if (why != Reason::kSessionLost) return;
  if (conversation_.has_session()) Run([&](auto& effects) { conversation_.LoseSession(effects); });
  retry_at_ = world_.agenda.Now();
}

void SimClient::WriteSoon() {
  if (state_ != State::kOpen || std::exchange(writes_, true)) return;
  Later(Duration(world_.dice.Below(100)), &SimClient::Write);
}

void SimClient::Write() {
  writes_ = false;
  detail::Conversation::Message message;
  while (state_ == State::kOpen && conversation_.NextMessage(world_.agenda.SteadyNow(), &message)) Send(message);
}

void SimClient::Send(const detail::Conversation::Message& message) {
  wire::RequestWriter writer;
  std::string bytes(writer.Measure(message.out()), '\0');
  writer.Write(bytes.data());
  connection_->Send(Connection::kClient, std::move(bytes));
}

void SimClient::Cut(Duration client_notices, Duration server_notices) {
  if (!connection_) return;
  Tell("is cut off");
  connection_->Cut(client_notices, server_notices);
}

void SimClient::End(bool politely) {
  Tell(politely ? "says goodbye" : "dies");
  ended_ = true;
  if (!connection_) return;
  connection_->LetGo(Connection::kClient);
  if (politely && state_ == State::kOpen) {
    wire::RequestWriter writer;
    const wire::RequestOut goodbye{.operations = {}, .goodbye = true};
    std::string bytes(writer.Measure(goodbye), '\0');
    writer.Write(bytes.data());
    connection_->Send(Connection::kClient, std::move(bytes));
  } else {
    connection_->Cut(0us, world_.dice.Of<Duration>({1ms, 100ms, 10s}));
  }
}

// ---- the program -----------------------------------------------------------------------------------

void SimClient::Act() {
  Later(Duration(1 + world_.dice.Below(20'000)), &SimClient::Act);
  if (stopped_) return;
  if (draining_) {
    if (gets_ < 2 * world_.queues.size()) BeginGet();
    return;
  }
  switch (world_.dice.Below(10)) {
    case 0:
    case 1:
    case 2:
    case 3: return puts_ < 5 ? BeginPut() : void();
    case 4:
    case 5:
    case 6:
    case 7: return gets_ < 5 ? BeginGet() : void();
    case 8: return joins_ < 2 ? BeginJoin() : void();
    default: return !world_.calm && world_.dice.OneIn(3) ? CancelOne() : void();
  }
}

void SimClient::Submit(const std::string& what, const SimQueue& queue, Command command, detail::Epoch held_in,
                       Heard heard) {
  const std::uint64_t call = ++last_call_;
  Tell("#" + std::to_string(call) + " " + what);
  const auto operation = std::make_shared<detail::RemoteOperation>();
  operation->space = queue.space;
  operation->command = std::move(command);
  operation->bytes = 100;
  operation->held_in = held_in;
  operation->receiver = [this, call, heard = std::move(heard)](Answer&& answer, detail::Epoch epoch) {
    world_.ledger.Expect(calls_.erase(call) == 1, "a call was answered twice");
    Tell("#" + std::to_string(call) + " -> " + ToText(answer));
    heard(answer, epoch);
  };
  calls_[call] = {what, operation, std::holds_alternative<Get>(operation->command)};
  conversation_.Add(operation, world_.agenda.SteadyNow());
  WriteSoon();
}

void SimClient::BeginPut() {
  Dice& dice = world_.dice;
  const SimQueue& queue = DrawQueue();
  Put put;
  put.queue = queue.name;
  put.timeout = dice.Of<WaitTime>({0ms, 50ms, 2'000ms, kForever, kForever});
  put.create = queue.settings;
  std::vector<std::string> texts(dice.OneIn(4) ? 1 + dice.Below(3) : 1);
  std::string what = "puts";
  for (std::string& text : texts) {
    text = name_ + "." + std::to_string(++last_text_);
    what += " " + text;
    auto content = std::make_shared<Content>();
    content->payload = Bytes(text + "|" + std::string(dice.Below(dice.OneIn(5) ? 300 : 30), 'x'));
    content->priority = static_cast<std::int64_t>(dice.Below(3));
    put.items.push_back(std::move(content));
  }
  world_.ledger.PutBegins(queue, texts);
  ++puts_;
  Submit(what + " into " + queue.full_name(), queue, std::move(put), detail::kAnyEpoch,
         [this, &queue, texts](const Answer& answer, detail::Epoch) {
           --puts_;
           world_.ledger.PutEnds(queue, texts, answer, connection_ ? connection_->life : 0);
         });
}

void SimClient::BeginGet() {
  Dice& dice = world_.dice;
  const SimQueue& queue = DrawQueue();
  Get get;
  get.queue = queue.name;
  get.max_items = dice.OneIn(4) ? 3 : 1;
  get.timeout = draining_ ? WaitTime(300ms) : dice.Of<WaitTime>({0ms, 50ms, 1'000ms, kForever});
  get.auto_ack = dice.OneIn(8);
  get.create = queue.settings;
  ++gets_;
  Submit((get.auto_ack ? "pops from " : "gets from ") + queue.full_name(), queue, get, detail::kAnyEpoch,
         [this, &queue, auto_ack = get.auto_ack](const Answer& answer, detail::Epoch epoch) {
           --gets_;
           const auto* result = std::get_if<GetResult>(&answer.result);
           if (result == nullptr) return;
           for (const Delivery& each : result->deliveries) {
             Tell("got " + Ledger::TextOf(each) + " with fence " + std::to_string(each.fence.value));
           }
           world_.ledger.Got(queue, *result, auto_ack, connection_->life);
           if (!auto_ack) Settle(queue, result->deliveries, epoch);
         });
}

// Works for a while, and then says what came of it.
void SimClient::Settle(const SimQueue& queue, std::vector<Delivery> deliveries, detail::Epoch epoch) {
  Dice& dice = world_.dice;
  if (deliveries.size() > 1 && dice.OneIn(2)) {
    for (const Delivery& each : deliveries) Settle(queue, {each}, epoch);
    return;
  }
  ++working_;
  const Duration work = Duration(dice.Below(dice.OneIn(20) ? 3'000'000 : 30'000));
  world_.agenda.After(work, [weak = weak_from_this(), &queue, deliveries = std::move(deliveries), epoch] {
    const auto self = weak.lock();
    if (!self || self->ended_) return;
    --self->working_;
    if (self->conversation_.Holds(epoch)) self->BeginDone(queue, deliveries, epoch);
  });
}

void SimClient::BeginDone(const SimQueue& queue, std::vector<Delivery> deliveries, detail::Epoch epoch) {
  std::vector<Fence> fences;
  std::string what;
  for (const Delivery& each : deliveries) {
    fences.push_back(each.fence);
    what += " " + Ledger::TextOf(each) + " fence " + std::to_string(each.fence.value);
  }
  // Whoever does not know what came of it still holds the leases.
  const auto again = [this, &queue, deliveries](const Answer& answer, detail::Epoch epoch_now) {
    const bool unknown = answer.reason == Reason::kCancelled || answer.reason == Reason::kUnavailable;
    if (unknown && !stopped_) Settle(queue, deliveries, epoch_now);
  };
  if (!draining_ && !world_.calm && world_.dice.OneIn(6)) {
    if (world_.dice.OneIn(2)) return Submit("fails" + what, queue, Fail{queue.name, fences, "no"}, epoch, again);
    return Submit("releases" + what, queue, Release{queue.name, fences}, epoch, again);
  }
  for (const Delivery& each : deliveries) world_.ledger.DoneBegins(queue, Ledger::TextOf(each));
  Submit("is done with" + what, queue, TaskDone{queue.name, fences}, epoch,
         [this, &queue, deliveries, again](const Answer& answer, detail::Epoch epoch_now) {
           const auto* result = std::get_if<TaskDoneResult>(&answer.result);
           if (result == nullptr) return again(answer, epoch_now);
           for (const Delivery& each : deliveries) {
             const auto& lost = result->lost;
             if (std::find(lost.begin(), lost.end(), each.fence) != lost.end()) continue;
             world_.ledger.DoneEnds(queue, Ledger::TextOf(each), each.fence, connection_->life);
           }
         });
}

void SimClient::BeginJoin() {
  Dice& dice = world_.dice;
  std::vector<SimQueue> queues = {DrawQueue()};
  const SimQueue& other = DrawQueue();
  if (other.space == queues[0].space && other.name != queues[0].name) queues.push_back(other);
  Join join;
  for (const SimQueue& queue : queues) join.queues.push_back(queue.name);
  join.timeout = dice.Of<WaitTime>({0ms, 500ms, kForever});
  join.only_put_before = dice.OneIn(2);
  ++joins_;
  Submit("joins " + queues[0].full_name(), queues[0], std::move(join), detail::kAnyEpoch,
         [this, queues, begun = world_.ledger.JoinBegins(queues)](const Answer& answer, detail::Epoch) {
           --joins_;
           const auto* result = std::get_if<JoinResult>(&answer.result);
           if (result != nullptr) world_.ledger.JoinEnds(queues, begun, *result);
         });
}

void SimClient::CancelOne() {
  if (calls_.empty()) return;
  const auto call = std::next(calls_.begin(), static_cast<std::ptrdiff_t>(world_.dice.Below(calls_.size())));
  Tell("cancels #" + std::to_string(call->first));
  const auto operation = call->second.operation;
  Run([&](auto& effects) { conversation_.Cancel(operation, world_.agenda.SteadyNow(), effects); });
}

bool SimClient::Rests() const {
  return working_ == 0 &&
         std::all_of(calls_.begin(), calls_.end(), [](const auto& each) { return each.second.is_get; });
}

void SimClient::Stop() {
  stopped_ = true;
  std::vector<detail::RemoteOperationPtr> operations;
  for (const auto& [number, call] : calls_) operations.push_back(call.operation);
  for (const auto& each : operations) {
    Run([&](auto& effects) { conversation_.Cancel(each, world_.agenda.SteadyNow(), effects); });
  }
}

std::string SimClient::Describe() const {
  std::string text = name_ + (conversation_.connected() ? " (connected)" : " (not connected)");
  for (const auto& [number, call] : calls_) text += "\n    #" + std::to_string(number) + " " + call.what;
  return text;
}

}  // namespace sluice::sim
