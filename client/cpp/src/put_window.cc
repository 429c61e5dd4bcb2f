#include "client/cpp/src/put_window.h"

#include <string>

#include <sluice/error.h>

#include "client/cpp/src/lease_table.h"

namespace sluice::detail {

void PutWindow::SetLimits(const PutWindowOptions& limits) {
  MutexLock lock(mutex_);
  limits_ = limits;
}

bool PutWindow::HasRoom(std::size_t bytes) const {
  return puts_ == 0 || (puts_ < limits_.puts && bytes <= limits_.bytes && bytes_ <= limits_.bytes - bytes);
}

void PutWindow::Enter(std::size_t bytes, WhenFull when_full, const std::stop_token& stop) {
  const std::stop_callback on_stop(stop, [this] {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  });
  MutexLock lock(mutex_);
  if (!HasRoom(bytes) && (when_full == WhenFull::kRefuse || InStopCallback())) {
    throw LimitReached("the put was not begun: " + std::to_string(puts_) + " puts with " + std::to_string(bytes_) +
                       " bytes have no answer yet; put again when one of them has ended, or raise put_window");
  }
  ++waiting_;
  while (!HasRoom(bytes) && !stop.stop_requested()) changed_.Wait(mutex_);
  --waiting_;
  if (!HasRoom(bytes)) throw Cancelled("stopped before the put was begun");
  ++puts_;
  bytes_ += bytes;
}

void PutWindow::Leave(std::size_t bytes) {
  MutexLock lock(mutex_);
  --puts_;
  bytes_ -= bytes;
  if (waiting_ > 0) changed_.NotifyAll();
}

}  // namespace sluice::detail
