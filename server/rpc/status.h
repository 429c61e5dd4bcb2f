// Refusals as gRPC says them: a status code, a text, and the name of the reason in the trailing metadata.
#pragma once

#include <string>

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <sluice/error.h>

namespace sluice::rpc {

// The status for a refusal; adds its reason to the trailing metadata of `context`. kOk gives Status::OK.
// Requires: the call of `context` is not finished.
grpc::Status Refusal(grpc::ServerContext& context, Reason reason, const std::string& message);

}  // namespace sluice::rpc
