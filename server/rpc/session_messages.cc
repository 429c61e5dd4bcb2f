#include "server/rpc/session_messages.h"

#include <chrono>
#include <cstddef>
#include <utility>
#include <variant>

#include "common/limits.h"
#include "common/names.h"

namespace sluice::rpc {
namespace {

using std::chrono::milliseconds;

// The put as the broker is to know it when it comes again; a refusal if nobody can.
std::optional<Answer> NameProducer(const std::string& producer, Put* put) {
  if (put->sequence == 0 || !put->producer.empty()) return std::nullopt;
  if (producer.empty()) {
    return Answer::Refused(Reason::kInvalidArgument,
                           "a put has a sequence and no producer: name one in the put, or in hello");
  }
  put->producer = producer;
  return std::nullopt;
}

}  // namespace

std::string HelloProblem(const wire::RequestIn& request) {
  const auto at_most = [](std::string field, std::size_t bytes) {
    return std::move(field) + ": at most " + std::to_string(bytes) + " bytes";
  };
  if (!request.hello) return kHelloFirst;
  const v1::Hello& hello = *request.hello;
  if (hello.client_name().size() > limits::kClientNameBytes) return at_most("client_name", limits::kClientNameBytes);
  if (hello.producer().size() > limits::kProducerBytes) return at_most("producer", limits::kProducerBytes);
  const auto lease = milliseconds(hello.lease_ms());
  if (lease.count() != 0 && (lease < limits::kMinLease || lease > limits::kMaxLease)) {
    return "lease_ms: 0 (the default) or " + std::to_string(milliseconds(limits::kMinLease).count()) + " to " +
           std::to_string(milliseconds(limits::kMaxLease).count());
  }
  return "";
}

std::shared_ptr<broker::Session> OpenOrResume(broker::Broker& broker, const v1::Hello& hello, Answer* refusal) {
  if (hello.session() == 0) {
    return broker.OpenSession(hello.client_name(), milliseconds(hello.lease_ms()), refusal);
  }
  auto session = broker.FindSession(SessionId{hello.session()}, hello.token());
  if (!session) *refusal = Answer::Refused(Reason::kSessionLost, "no such session; begin a new one");
  return session;
}

v1::Welcome WelcomeTo(const v1::Hello& hello, const broker::Session& session,
                      const broker::Session::Attached& attached) {
  v1::Welcome welcome;
  welcome.set_session(session.id().value);
  welcome.set_token(session.token());
  welcome.set_resumed(hello.session() != 0);
  welcome.set_operations_seen(attached.operations_seen);
  welcome.set_lease_ms(session.lease().count());
  welcome.set_grace_ms(session.grace().count());
  welcome.set_restarted(attached.restarted);
  return welcome;
}

std::optional<std::vector<broker::HeldLeases>> ReadHolding(const v1::Holding& holding, std::string* problem) {
  std::vector<broker::HeldLeases> held;
  held.reserve(static_cast<std::size_t>(holding.leases_size()));
  for (const v1::HeldLeases& leases : holding.leases()) {
    auto name = QueueName::Parse(leases.queue());
    if (!name) {
      *problem = "holding: " + InvalidNameMessage(leases.queue());
      return std::nullopt;
    }
    broker::HeldLeases& one = held.emplace_back();
    one.space = std::move(name->space);
    one.fences.reserve(static_cast<std::size_t>(leases.fences_size()));
    for (const std::uint64_t fence : leases.fences()) one.fences.push_back({fence});
  }
  return held;
}

bool TakeOperations(wire::RequestIn& request, const std::string& producer,
                    std::vector<broker::SubmittedOperation>* operations) {
  for (wire::OperationIn& operation : request.operations) {
    if (operation.id == 0) return false;
    broker::SubmittedOperation& submitted = operations->emplace_back();
    submitted.operation = operation.id;
    submitted.answer_may_wait = operation.answer_may_wait;
    if (auto* routed = std::get_if<wire::Routed>(&operation.call)) {
      std::optional<Answer> refusal;
      if (auto* put = std::get_if<Put>(&routed->command)) refusal = NameProducer(producer, put);
      if (refusal) {
        submitted.what = *std::move(refusal);
      } else {
        submitted.what = broker::RoutedCommand{std::move(routed->space), std::move(routed->command)};
      }
    } else if (auto* invalid = std::get_if<wire::Invalid>(&operation.call)) {
      submitted.what = Answer::Refused(invalid->reason, std::move(invalid->message));
    } else {
      submitted.what = broker::CancelCommand{std::get<wire::Cancelling>(operation.call).operation};
    }
  }
  return true;
}

}  // namespace sluice::rpc
