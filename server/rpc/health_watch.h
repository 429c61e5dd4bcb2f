// One Watch call: the status now, and each time it changes, until the caller or the server goes.
#pragma once

#include <memory>
#include <optional>

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>

#include <sluice/mutex.h>

#include "server/rpc/event.h"
#include "server/rpc/health.h"
#include "server/rpc/wiring.h"

namespace sluice::rpc {

// Thread safety: Wake may come from any thread; events come in the queue's thread.
// Owns: itself, while gRPC owes it an event.
class HealthWatch final : public std::enable_shared_from_this<HealthWatch> {
 public:
  // Waits for the next call. Borrows: `health`, for the life of the transport.
  static void Listen(const Wiring& wiring, Health* health);

  HealthWatch(const Wiring& wiring, Health* health);

  // Writes the status if it is another one than the last.
  void Wake() SLUICE_EXCLUDES(mutex_);

 private:
  void OnAccepted(bool ok);
  void OnWritten(bool ok);
  void OnDone(bool ok);
  // One event less is owed.
  void Release() SLUICE_EXCLUDES(mutex_);

  Wiring wiring_;
  Tickets::Ticket object_;  // before the context, so that it goes after it
  Health* const health_;
  grpc::ServerContext context_;
  grpc::health::v1::HealthCheckRequest request_;
  grpc::ServerAsyncWriter<grpc::health::v1::HealthCheckResponse> stream_{&context_};
  EventOf<HealthWatch> accepted_{this, &HealthWatch::OnAccepted};
  EventOf<HealthWatch> written_{this, &HealthWatch::OnWritten};
  EventOf<HealthWatch> done_{this, &HealthWatch::OnDone};

  Mutex mutex_;  // held for flags only
  bool writing_ SLUICE_GUARDED_BY(mutex_) = false;
  bool over_ SLUICE_GUARDED_BY(mutex_) = false;
  std::optional<Health::Status> told_ SLUICE_GUARDED_BY(mutex_);
  int owed_ SLUICE_GUARDED_BY(mutex_) = 1;                       // `done` (and `accepted`), the write that is begun
  std::shared_ptr<HealthWatch> self_ SLUICE_GUARDED_BY(mutex_);  // while an event is owed
};

}  // namespace sluice::rpc
