// A unary call that is no command of a queue's: it goes beside the broker.
#pragma once

#include <functional>
#include <utility>

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <sluice/error.h>

#include "server/rpc/event.h"
#include "server/rpc/status.h"
#include "server/rpc/wiring.h"

namespace sluice::rpc {

// Owns: itself, until it is finished. A caller that goes away changes nothing.
//
// Thread safety: events come in the queue's thread; the answer may come from any thread, once.
template <typename Service, typename RequestMessage, typename Response>
class SideCall {
 public:
  using RequestFunction = void (Service::*)(grpc::ServerContext*, RequestMessage*,
                                            grpc::ServerAsyncResponseWriter<Response>*, grpc::CompletionQueue*,
                                            grpc::ServerCompletionQueue*, void*);
  // Answers or refuses the call it is given, now or later.
  using Handler = std::function<void(SideCall& call)>;

  // Waits on the wiring's queue for the next call, and so on. Borrows: `service`, for the life of the transport.
  static void Listen(const Wiring& wiring, Service* service, RequestFunction function, Handler handler) {
    auto* call = new SideCall(wiring, service, function, std::move(handler));
    (service->*function)(&call->context_, &call->request_, &call->writer_, &wiring.queue, &wiring.queue,
                         &call->accepted_);
  }

  const Wiring& wiring() const { return wiring_; }
  const RequestMessage& request() const { return request_; }
  // Neither touches the call again.
  void Answer(const Response& response) { writer_.Finish(response, grpc::Status::OK, &finished_); }
  void Refuse(const grpc::Status& status) { writer_.FinishWithError(status, &finished_); }
  void Refuse(Reason reason, const std::string& message) { Refuse(Refusal(context_, reason, message)); }

 private:
  SideCall(const Wiring& wiring, Service* service, RequestFunction function, Handler handler)
      : wiring_(wiring),
        object_(wiring.calls.objects().Take()),
        service_(service),
        request_function_(function),
        handler_(std::move(handler)) {}

  void OnAccepted(bool ok) {
    if (!ok) return OnFinished(false);
    under_way_ = wiring_.calls.under_way().Take();
    Listen(wiring_, service_, request_function_, handler_);
    handler_(*this);
  }
  void OnFinished(bool /*ok*/) { delete this; }

  Wiring wiring_;
  // Before the context, so that they go after it.
  Tickets::Ticket object_;
  Tickets::Ticket under_way_;
  Service* const service_;
  const RequestFunction request_function_;
  const Handler handler_;
  grpc::ServerContext context_;
  RequestMessage request_;
  grpc::ServerAsyncResponseWriter<Response> writer_{&context_};
  EventOf<SideCall> accepted_{this, &SideCall::OnAccepted};
  EventOf<SideCall> finished_{this, &SideCall::OnFinished};
};

// The generated Request functions belong to one base class per method: `Service`.
template <typename Derived, typename Service, typename Request, typename Response>
void ListenAside(const Wiring& wiring, Derived* service,
                 void (Service::*request)(grpc::ServerContext*, Request*, grpc::ServerAsyncResponseWriter<Response>*,
                                          grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*),
                 typename SideCall<Service, Request, Response>::Handler handler) {
  SideCall<Service, Request, Response>::Listen(wiring, service, request, std::move(handler));
}

}  // namespace sluice::rpc
