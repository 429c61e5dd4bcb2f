// A connection to a server's address.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

namespace sluice::detail {

// Throws InternalError in the child of a process that called this before the fork: gRPC would hang there.
//
// Thread safety: all may be called from any thread.
void CheckNotForked();

// A channel of its own: not shared with other clients of the process, not through the web's proxies.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address);

// Blocks: until it is connected. Throws Unavailable when the time is over, Cancelled when `stop` stops.
void AwaitConnected(grpc::Channel& channel, const std::string& address, std::chrono::milliseconds timeout,
                    const std::stop_token& stop);

// The reason that the server gave for the end of a call; empty: it gave none. Requires: the call has ended.
// Borrows: from the context.
std::string_view ReasonNameOf(const grpc::ClientContext& context);

}  // namespace sluice::detail
