// A connection to a server's address.
#pragma once

#include <memory>
#include <string>

#include <grpcpp/channel.h>

namespace sluice::detail {

// Throws InternalError in the child of a process that called this before the fork: gRPC would hang there.
//
// Thread safety: both may be called from any thread.
void CheckNotForked();

// A channel of its own: not shared with other clients of the process, not through the web's proxies.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address);

}  // namespace sluice::detail
