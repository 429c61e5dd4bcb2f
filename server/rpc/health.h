// gRPC's standard health service: is the server as a whole, or one service of it, ready for calls? Beside the other
// calls on their queues: gRPC's own implementation brings a thread that polls, too, and takes events from those.
#pragma once

#include <optional>
#include <string>
#include <unordered_set>

#include <grpc/health/v1/health.grpc.pb.h>

#include <sluice/mutex.h>

#include "server/rpc/wiring.h"

namespace sluice::rpc {

class HealthWatch;

// Serving from the beginning until StopServing, but while SetServing says otherwise.
//
// Thread safety: all methods may be called from any thread.
class Health {
 public:
  using Service = grpc::health::v1::Health::AsyncService;
  using Status = grpc::health::v1::HealthCheckResponse::ServingStatus;

  Service& service() { return service_; }
  // Waits on the wiring's queue for one more call of each method.
  void Listen(const Wiring& wiring);

  // Nullopt: there is no such service. Empty: the whole server.
  std::optional<Status> StatusOf(const std::string& service_name) SLUICE_EXCLUDES(mutex_);
  // Both tell who watches, if it is another status. Idempotent.
  void SetServing(bool serving) SLUICE_EXCLUDES(mutex_);
  // For good.
  void StopServing() SLUICE_EXCLUDES(mutex_);

  void Add(HealthWatch* watch) SLUICE_EXCLUDES(mutex_);
  void Remove(HealthWatch* watch) SLUICE_EXCLUDES(mutex_);

 private:
  void WakeWatches() SLUICE_EXCLUDES(mutex_);

  Service service_;
  Mutex mutex_;
  bool serving_ SLUICE_GUARDED_BY(mutex_) = true;
  bool stopped_ SLUICE_GUARDED_BY(mutex_) = false;
  std::unordered_set<HealthWatch*> watches_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::rpc
