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

  static Alive& Get() {
    static auto* const alive = new Alive;
    return *alive;
  }
};

// No Python any more.
void CloseAll() {
  Alive& alive = Alive::Get();
  MutexLock lock(alive.mutex);
  for (const Connection* connection : alive.connections) connection->client().close();
}

}  // namespace

Connection::Connection(const std::string& address, const ClientOptions& options) : client_(address, options) {
  static const int registered = Py_AtExit(CloseAll);
  static_cast<void>(registered);
  Alive& alive = Alive::Get();
  MutexLock lock(alive.mutex);
  alive.connections.insert(this);
}

Connection::~Connection() {
  Alive& alive = Alive::Get();
  MutexLock lock(alive.mutex);
  alive.connections.erase(this);
}

}  // namespace sluice::python
