#include "server/rpc/tickets.h"

namespace sluice::rpc {

Tickets::Ticket Tickets::Take() {
  out_.fetch_add(1);
  return Ticket(this);
}

void Tickets::OnGivenBack() {
  if (out_.fetch_sub(1) != 1 || !awaited_.load()) return;
  MutexLock lock(mutex_);  // so that a waiter is either before its look at the count, or waits already
  none_.notify_all();
}

bool Tickets::WaitUntilNone(std::chrono::steady_clock::time_point deadline) {
  awaited_.store(true);
  MutexLock lock(mutex_);
  while (out_.load() > 0) {
    if (none_.wait_until(mutex_, deadline) == std::cv_status::timeout) return out_.load() <= 0;
  }
  return true;
}

}  // namespace sluice::rpc
