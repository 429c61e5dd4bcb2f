#include "server/rpc/health.h"

#include <memory>
#include <utility>
#include <vector>

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>

#include "server/rpc/event.h"
#include "server/rpc/health_watch.h"

namespace sluice::rpc {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr char kQueueService[] = "sluice.v1.QueueService";

// Owns: itself, until it is finished.
class HealthCheck {
 public:
  static void Listen(const Wiring& wiring, Health* health) {
    auto* check = new HealthCheck(wiring, health);
    health->service().RequestCheck(&check->context_, &check->request_, &check->writer_, &wiring.queue, &wiring.queue,
                                   &check->accepted_);
  }

 private:
  HealthCheck(const Wiring& wiring, Health* health)
      : wiring_(wiring), object_(wiring.calls.objects().Take()), health_(health) {}

  void OnAccepted(bool ok) {
    if (!ok) return OnFinished(false);
    Listen(wiring_, health_);
    const auto status = health_->StatusOf(request_.service());
    if (!status) return writer_.FinishWithError({grpc::StatusCode::NOT_FOUND, "no such service"}, &finished_);
    HealthCheckResponse response;
    response.set_status(*status);
    writer_.Finish(response, grpc::Status::OK, &finished_);
  }
  void OnFinished(bool /*ok*/) { delete this; }

  Wiring wiring_;
  Tickets::Ticket object_;  // before the context, so that it goes after it
  Health* const health_;
  grpc::ServerContext context_;
  HealthCheckRequest request_;
  grpc::ServerAsyncResponseWriter<HealthCheckResponse> writer_{&context_};
  EventOf<HealthCheck> accepted_{this, &HealthCheck::OnAccepted};
  EventOf<HealthCheck> finished_{this, &HealthCheck::OnFinished};
};

}  // namespace

void Health::Listen(const Wiring& wiring) {
  HealthCheck::Listen(wiring, this);
  HealthWatch::Listen(wiring, this);
}

std::optional<Health::Status> Health::StatusOf(const std::string& service_name) {
  if (!service_name.empty() && service_name != kQueueService) return std::nullopt;
  MutexLock lock(mutex_);
  return serving_ && !stopped_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

void Health::SetServing(bool serving) {
  {
    MutexLock lock(mutex_);
    serving_ = serving;
  }
  WakeWatches();
}

void Health::StopServing() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  WakeWatches();
}

void Health::WakeWatches() {
  std::vector<std::shared_ptr<HealthWatch>> watches;
  {
    MutexLock lock(mutex_);
    for (HealthWatch* watch : watches_) watches.push_back(watch->shared_from_this());
  }
  for (const auto& watch : watches) watch->Wake();
}

void Health::Add(HealthWatch* watch) {
  MutexLock lock(mutex_);
  watches_.insert(watch);
}

void Health::Remove(HealthWatch* watch) {
  MutexLock lock(mutex_);
  watches_.erase(watch);
}

}  // namespace sluice::rpc
