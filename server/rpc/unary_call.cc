#include "server/rpc/unary_call.h"

#include <variant>

#include "server/rpc/status.h"

namespace sluice::rpc {

UnaryCall::UnaryCall(const Wiring& wiring) : wiring_(wiring), object_(wiring.calls.objects().Take()) {
  context_.AsyncNotifyWhenDone(&done_);
}

void UnaryCall::Listen(std::unique_ptr<UnaryCall> call) {
  UnaryCall* const listening = call.release();
  listening->Request(&listening->accepted_);
}

void UnaryCall::OnAccepted(bool ok) {
  if (!ok) {  // the server shuts down; `done` does not come for a call that never was
    delete this;
    return;
  }
  under_way_ = wiring_.calls.under_way().Take();
  Listen(Successor());
  Submit();
}

void UnaryCall::Submit() {
  wire::Parsed parsed = Parse();
  if (auto* invalid = std::get_if<wire::Invalid>(&parsed)) {
    Complete(Answer::Refused(invalid->reason, std::move(invalid->message)));
    return;
  }
  auto& routed = std::get<wire::Routed>(parsed);
  operation_.space = std::move(routed.space);
  // Answered in another thread, the call is still here: `done` is handled by this thread, later.
  operation_.id = wiring_.broker
                      .Submit(SessionId{}, operation_.space, std::move(routed.command),
                              [this](Answer&& answer) { Complete(std::move(answer)); })
                      .id;
}

void UnaryCall::Complete(Answer&& answer) {
  if (answer.ok()) {
    Finish(answer, &finished_);
    if (auto* got = std::get_if<GetResult>(&answer.result)) {
      deliveries_ = std::move(got->deliveries);
      auto_ack_ = got->auto_ack;
    }
  } else {
    FinishWithError(Refusal(context_, answer.reason, answer.message), &finished_);
  }
  Drop();
}

void UnaryCall::OnDone(bool /*ok*/) {
  cancelled_ = context_.IsCancelled();
  if (cancelled_ && operation_.id) wiring_.broker.Cancel(operation_);
  Drop();
}

void UnaryCall::OnFinished(bool ok) {
  sent_ = ok;
  Drop();
}

void UnaryCall::Drop() {
  if (holders_.fetch_sub(1) != 1) return;
  Settle();
  delete this;
}

void UnaryCall::Settle() {
  if (deliveries_.empty()) return;
  if (!sent_ || cancelled_) {
    wiring_.broker.Undelivered(operation_.space, deliveries_);
  } else if (auto_ack_) {
    wiring_.broker.Delivered(operation_.space, deliveries_);
  }
}

}  // namespace sluice::rpc
