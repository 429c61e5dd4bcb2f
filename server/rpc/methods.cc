#include "server/rpc/methods.h"

#include <memory>

#include "server/rpc/unary_call.h"

namespace sluice::rpc {
namespace {

// The generated Request functions belong to one base class per method: `Service`.
template <typename Derived, typename Service, typename Request, typename Response>
void Listen(const Wiring& wiring, Derived* service,
            void (Service::*request)(grpc::ServerContext*, Request*, grpc::ServerAsyncResponseWriter<Response>*,
                                     grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*)) {
  UnaryCall::Listen(std::make_unique<UnaryCallOf<Service, Request, Response>>(wiring, service, request));
}

}  // namespace

void ListenToUnaryCalls(const Wiring& wiring, v1::QueueService::AsyncService* queues,
                        v1::AdminService::AsyncService* admin) {
  using Queues = v1::QueueService::AsyncService;
  using Admin = v1::AdminService::AsyncService;
  Listen(wiring, queues, &Queues::RequestPut);
  Listen(wiring, queues, &Queues::RequestGet);
  Listen(wiring, queues, &Queues::RequestTaskDone);
  Listen(wiring, queues, &Queues::RequestFail);
  Listen(wiring, queues, &Queues::RequestRelease);
  Listen(wiring, queues, &Queues::RequestExtend);
  Listen(wiring, queues, &Queues::RequestJoin);
  Listen(wiring, queues, &Queues::RequestShutdown);
  Listen(wiring, queues, &Queues::RequestReopen);
  Listen(wiring, queues, &Queues::RequestStats);
  Listen(wiring, queues, &Queues::RequestPeek);
  Listen(wiring, admin, &Admin::RequestCreateQueue);
  Listen(wiring, admin, &Admin::RequestUpdateQueue);
  Listen(wiring, admin, &Admin::RequestDeleteQueue);
  Listen(wiring, admin, &Admin::RequestListQueues);
  Listen(wiring, admin, &Admin::RequestDescribeQueue);
  Listen(wiring, admin, &Admin::RequestPurgeQueue);
}

}  // namespace sluice::rpc
