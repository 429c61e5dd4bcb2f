// What all objects of one client share.
#pragma once

#include <string>

#include <sluice/client.h>

#include "client/cpp/src/fork_guard.h"

namespace sluice::python {

// In the child of a fork it does nothing, not even at its end.
//
// Thread safety: all methods may be called from any thread.
class Connection {
 public:
  // Blocks: until connected. Throws what sluice::Client throws.
  Connection(const std::string& address, const ClientOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const Client& client() const { return client_; }

 private:
  const detail::ForkGuard fork_guard_;
  const Client client_;
};

// Those that are still there when the interpreter has ended are closed then: their threads must not run on while the
// process is taken down. Requires: the GIL is held.
void CloseConnectionsAtExit();

}  // namespace sluice::python
