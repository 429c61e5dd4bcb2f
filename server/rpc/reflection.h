// gRPC's standard reflection service (v1alpha): grpcurl and its like learn from it which calls there are and what
// their messages look like. On the queues of the other calls, for the reason of server/rpc/health.h.
#pragma once

#include <string>
#include <vector>

#include <grpc/reflection/v1alpha/reflection.grpc.pb.h>

#include "server/rpc/wiring.h"

namespace sluice::rpc {

using ReflectionService = grpc::reflection::v1alpha::ServerReflection::AsyncService;

// Waits on the wiring's queue for one more stream. Borrows: `service`, for the life of the transport.
void ListenToReflection(const Wiring& wiring, ReflectionService* service);

// The answer to one request, out of what this program knows of its own messages.
grpc::reflection::v1alpha::ServerReflectionResponse Reflect(
    const grpc::reflection::v1alpha::ServerReflectionRequest& request);

}  // namespace sluice::rpc
