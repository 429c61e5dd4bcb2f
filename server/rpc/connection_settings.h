// What gRPC itself bounds and watches: messages, metadata, streams, memory, dead connections.
#pragma once

namespace grpc {
class ServerBuilder;
}

namespace sluice::rpc {

void ApplyConnectionSettings(grpc::ServerBuilder& builder);

}  // namespace sluice::rpc
