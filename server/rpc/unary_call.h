// A unary call from its arrival to its end: one state machine for all methods.
//
//   Listen -> accepted -> parse, submit -> (parked) -> Complete, Finish -> finished and done -> settled, deleted
//
// `done` may also come first: the caller went away, and what is parked is cancelled at once. Whatever happens, the
// broker answers exactly once, and that answer is the one Finish.
//
// Thread safety: events come in the queue's thread; Complete may come in any thread, once. Owns: itself, from Listen.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>

#include "common/answer.h"
#include "proto/wire.h"
#include "server/rpc/event.h"
#include "server/rpc/wiring.h"

namespace sluice::rpc {

class UnaryCall {
 public:
  virtual ~UnaryCall() = default;
  UnaryCall(const UnaryCall&) = delete;
  UnaryCall& operator=(const UnaryCall&) = delete;

  // Asks gRPC for the next call of the method; takes its own place when it comes.
  static void Listen(std::unique_ptr<UnaryCall> call);

 protected:
  explicit UnaryCall(const Wiring& wiring);

  Wiring wiring_;
  // Before the context, so that they go after it.
  Tickets::Ticket object_;
  Tickets::Ticket under_way_;
  grpc::ServerContext context_;

 private:
  // The method's part. `tag` names the event of the operation that is begun.
  virtual void Request(void* tag) = 0;
  virtual std::unique_ptr<UnaryCall> Successor() const = 0;
  virtual wire::Parsed Parse() = 0;  // and frees the request: a parked call keeps none
  virtual void Finish(const Answer& answer, void* tag) = 0;
  virtual void FinishWithError(const grpc::Status& status, void* tag) = 0;

  void OnAccepted(bool ok);
  void OnDone(bool ok);
  void OnFinished(bool ok);
  void Submit();
  void Complete(Answer&& answer);
  // The last of the three that hold the call (the answer, finished, done) settles and deletes it.
  void Drop();
  // A get's items: the caller has them, or they go back to their places. gRPC tells what it could not send; what it
  // has sent may still get lost on the way, and then the lease's deadline brings it back.
  void Settle();

  EventOf<UnaryCall> accepted_{this, &UnaryCall::OnAccepted};
  EventOf<UnaryCall> done_{this, &UnaryCall::OnDone};
  EventOf<UnaryCall> finished_{this, &UnaryCall::OnFinished};
  std::atomic<int> holders_{3};
  bool sent_ = false;  // written by OnFinished and OnDone, both in the queue's thread
  bool cancelled_ = false;
  bool auto_ack_ = false;
  broker::OperationRef operation_;
  std::vector<Delivery> deliveries_;
};

// `Service` is the generated class that declares the method's Request function.
template <typename Service, typename RequestMessage, typename Response>
class UnaryCallOf final : public UnaryCall {
 public:
  using RequestFunction = void (Service::*)(grpc::ServerContext*, RequestMessage*,
                                            grpc::ServerAsyncResponseWriter<Response>*, grpc::CompletionQueue*,
                                            grpc::ServerCompletionQueue*, void*);

  // Borrows: `service`, for the life of the transport.
  UnaryCallOf(const Wiring& wiring, Service* service, RequestFunction request)
      : UnaryCall(wiring), service_(service), request_function_(request), writer_(&context_) {}

 private:
  void Request(void* tag) override {
    (service_->*request_function_)(&context_, &request_.emplace(), &writer_, &wiring_.queue, &wiring_.queue, tag);
  }
  std::unique_ptr<UnaryCall> Successor() const override {
    return std::make_unique<UnaryCallOf>(wiring_, service_, request_function_);
  }
  wire::Parsed Parse() override {
    wire::Parsed parsed = wire::Parse(std::move(*request_));
    request_.reset();
    return parsed;
  }
  // gRPC encodes the response before Finish returns.
  void Finish(const Answer& answer, void* tag) override {
    Response response;
    wire::Write(answer, &response);
    writer_.Finish(response, grpc::Status::OK, tag);
  }
  void FinishWithError(const grpc::Status& status, void* tag) override { writer_.FinishWithError(status, tag); }

  Service* const service_;
  const RequestFunction request_function_;
  std::optional<RequestMessage> request_;
  grpc::ServerAsyncResponseWriter<Response> writer_;
};

}  // namespace sluice::rpc
