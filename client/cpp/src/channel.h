// A connection to a server's address.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include <grpcpp/channel.h>

namespace sluice::detail {

// Throws InternalError in the child of a process that called this before the fork: gRPC would hang there.
//
// Thread safety: all may be called from any thread.
void CheckNotForked();

// A channel of its own: not shared with other clients of the process, not through the web's proxies.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address);

// Blocks: until it is connected, the time is over or `stop` stops: false.
bool AwaitConnected(grpc::Channel& channel, std::chrono::milliseconds timeout, const std::stop_token& stop);

}  // namespace sluice::detail
