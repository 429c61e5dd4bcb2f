#include "client/python/native/connection.h"

#include <Python.h>

#include <set>

#include <sluice/mutex.h>

namespace sluice::python {
namespace {

// Never destroyed: connections end at any time.
struct Alive {
  Mutex mutex;
  std::set<const Connection*> connections SLUICE_GUARDED_BY(mutex);
  const detail::ForkGuard fork_guard;

  static Alive& Get() {
    static auto* const alive = new Alive;
    return *alive;
  }
};

// No Python any more.
void CloseAll() {
  Alive& alive = Alive::Get();
  if (!alive.fork_guard.SameProcess()) return;
  MutexLock lock(alive.mutex);
  for (const Connection* connection : alive.connections) connection->client().close();
}

}  // namespace

Connection::Connection(const std::string& address, const ClientOptions& options) : client_(address, options) {
  Alive& alive = Alive::Get();
  MutexLock lock(alive.mutex);
  alive.connections.insert(this);
}

Connection::~Connection() {
  if (!fork_guard_.SameProcess()) return;
  Alive& alive = Alive::Get();
  MutexLock lock(alive.mutex);
  alive.connections.erase(this);
}

void CloseConnectionsAtExit() { Py_AtExit(CloseAll); }

}  // namespace sluice::python
