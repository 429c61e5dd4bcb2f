// How calls come in and answers go out: the one seam between the server and a way of driving gRPC.
//
// There is one implementation: completion queues, each with one thread that does all work inline. It costs fewer
// context switches than callbacks; if that ever changes, callbacks are a second implementation of this interface.
#pragma once

#include <chrono>
#include <memory>

#include "server/rpc/server_hooks.h"

namespace grpc {
class ServerBuilder;
}

namespace sluice::broker {
class Broker;
}

namespace sluice::rpc {

// Thread safety: one thread drives the life cycle, in the order of the methods.
class Transport {
 public:
  virtual ~Transport() = default;

  // Adds the services to a server that is being built.
  virtual void Register(grpc::ServerBuilder& builder) = 0;
  // The server is built: accept calls.
  virtual void Start() = 0;
  // What health checks are told until the drain; at first that it serves. Thread safety: any, while it is started.
  virtual void SetServing(bool serving) = 0;
  // Health checks are told, for good, that the server no longer serves. Thread safety: as SetServing.
  virtual void StopServing() = 0;
  // Ends every session stream, after the answers that are ready, with UNAVAILABLE; new calls are refused so. Requires:
  // the broker drains.
  virtual void Drain() = 0;
  // True: every answer has left. Blocks: until then, at most until `deadline`.
  virtual bool WaitUntilIdle(std::chrono::steady_clock::time_point deadline) = 0;
  // Ends the threads. Requires: the gRPC server has shut down, or was never built.
  virtual void Stop() = 0;
};

// Borrows: `broker`, and what the hooks use, until Stop returns. `threads`: completion queues, one thread each.
std::unique_ptr<Transport> MakeCompletionQueueTransport(broker::Broker& broker, ServerHooks hooks, int threads);

}  // namespace sluice::rpc
