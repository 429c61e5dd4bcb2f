// What all objects of one client share.
#pragma once

#include <string>

#include <sluice/client.h>

namespace sluice::python {

// Those that are still there when the interpreter has ended are closed then: their threads must not run on while the
// process is taken down.
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
  const Client client_;
};

}  // namespace sluice::python
