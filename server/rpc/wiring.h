// What every call is connected to.
#pragma once

#include <grpcpp/completion_queue.h>

#include "server/broker/broker.h"
#include "server/rpc/live_calls.h"
#include "server/rpc/server_hooks.h"

namespace sluice::rpc {

// Borrows: all of it, for the life of the transport. Cheap to copy.
struct Wiring {
  broker::Broker& broker;
  LiveCalls& calls;
  const ServerHooks& hooks;
  grpc::ServerCompletionQueue& queue;  // where all events of the call arrive, in its one thread
};

}  // namespace sluice::rpc
