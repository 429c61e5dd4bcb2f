// One unary call to the admin service, on a connection of its own.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <grpcpp/grpcpp.h>
#include <sluice/error.h>

#include "client/cpp/src/channel.h"
#include "client/cpp/src/validate.h"
#include "proto/wire.h"
#include "sluice/v1/admin.grpc.pb.h"

namespace sluice::detail {

struct AdminCallOptions {
  std::chrono::milliseconds connect_timeout;
  std::optional<std::chrono::system_clock::time_point> deadline;  // of the answer; then Unavailable
  const std::stop_token& stop;                                    // then Cancelled
};

// Blocks: until it is answered. Throws what the server says.
template <typename Request, typename Response>
Response CallAdmin(const std::string& address, const AdminCallOptions& options,
                   grpc::Status (v1::AdminService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const Request& request) {
  CheckAddress(address);
  CheckNotForked();
  const auto channel = MakeChannel(address);
  AwaitConnected(*channel, address, options.connect_timeout, options.stop);
  const auto stub = v1::AdminService::NewStub(channel);
  grpc::ClientContext context;
  if (options.deadline) context.set_deadline(*options.deadline);
  const std::stop_callback cancel(options.stop, [&] { context.TryCancel(); });
  Response response;
  const grpc::Status status = (stub.get()->*method)(&context, request, &response);
  if (status.ok()) return response;
  if (options.stop.stop_requested()) throw Cancelled("nobody waits for the answer any more");
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    throw Unavailable("the server at " + address + " did not answer in time");
  }
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
    throw InternalError("the server at " + address + " is older than this call: update it");
  }
  ThrowError(wire::ToReason(status.error_code(), ReasonNameOf(context)), status.error_message());
}

}  // namespace sluice::detail
