#include "server/rpc/health_watch.h"

namespace sluice::rpc {

using grpc::health::v1::HealthCheckResponse;

void HealthWatch::Listen(const Wiring& wiring, Health* health) {
  auto watch = std::make_shared<HealthWatch>(wiring, health);
  {
    MutexLock lock(watch->mutex_);
    watch->self_ = watch;
  }
  health->service().RequestWatch(&watch->context_, &watch->request_, &watch->stream_, &wiring.queue, &wiring.queue,
                                 &watch->accepted_);
}

HealthWatch::HealthWatch(const Wiring& wiring, Health* health)
    : wiring_(wiring), object_(wiring.calls.objects().Take()), health_(health) {
  context_.AsyncNotifyWhenDone(&done_);
}

void HealthWatch::OnAccepted(bool ok) {
  if (!ok) return Release();  // the server shuts down; `done` does not come for a call that never was
  Listen(wiring_, health_);
  health_->Add(this);
  Wake();
}

void HealthWatch::Wake() {
  const Health::Status status = health_->StatusOf(request_.service()).value_or(HealthCheckResponse::SERVICE_UNKNOWN);
  {
    MutexLock lock(mutex_);
    if (writing_ || over_ || told_ == status) return;
    writing_ = true;
    told_ = status;
    ++owed_;
  }
  HealthCheckResponse response;
  response.set_status(status);
  stream_.Write(response, &written_);
}

void HealthWatch::OnWritten(bool ok) {
  {
    MutexLock lock(mutex_);
    writing_ = false;
  }
  if (ok) Wake();
  Release();
}

// Nobody is there to hear how it ended.
void HealthWatch::OnDone(bool /*ok*/) {
  {
    MutexLock lock(mutex_);
    over_ = true;
  }
  health_->Remove(this);
  Release();
}

void HealthWatch::Release() {
  std::shared_ptr<HealthWatch> last;  // goes under no lock
  MutexLock lock(mutex_);
  if (--owed_ == 0) last.swap(self_);
}

}  // namespace sluice::rpc
