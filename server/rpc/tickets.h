// Counts what is alive, and waits until nothing is.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>

#include <sluice/mutex.h>

namespace sluice::rpc {

// Thread safety: all methods may be called from any thread.
class Tickets {
 public:
  struct GiveBack {
    void operator()(Tickets* tickets) const { tickets->OnGivenBack(); }
  };
  // Counts as long as it is held. Borrows: the Tickets that gave it.
  using Ticket = std::unique_ptr<Tickets, GiveBack>;

  Ticket Take();
  // True when none is out. Blocks: until then, at most until `deadline`.
  bool WaitUntilNone(std::chrono::steady_clock::time_point deadline) SLUICE_EXCLUDES(mutex_);

 private:
  void OnGivenBack() SLUICE_EXCLUDES(mutex_);

  std::atomic<std::ptrdiff_t> out_{0};
  std::atomic<bool> awaited_{false};  // spares the lock as long as nobody waits
  Mutex mutex_;
  std::condition_variable_any none_;
};

}  // namespace sluice::rpc
