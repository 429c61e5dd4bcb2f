#include "server/rpc/health.h"

#include <memory>
#include <utility>
#include <vector>

#include "server/rpc/health_watch.h"
#include "server/rpc/side_call.h"

namespace sluice::rpc {
namespace {

using grpc::health::v1::HealthCheckResponse;

constexpr char kQueueService[] = "sluice.v1.QueueService";

}  // namespace

void Health::Listen(const Wiring& wiring) {
  ListenAside(wiring, &service_, &Service::RequestCheck, [this](auto& call) {
    const std::optional<Status> status = StatusOf(call.request().service());
    if (!status) return call.Refuse({grpc::StatusCode::NOT_FOUND, "no such service"});
    HealthCheckResponse response;
    response.set_status(*status);
    call.Answer(response);
  });
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
