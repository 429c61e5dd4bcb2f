// Calls the broker when something is due: one timer for all deadlines.
#pragma once

#include <atomic>
#include <functional>
#include <optional>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <sluice/clock.h>

namespace sluice::server {

class Timers {
 public:
  // Does what is due and returns when to be called next; nullopt = when woken.
  using RunDue = std::function<std::optional<TimePoint>()>;

  // Borrows: `io` and `clock`, for life. `run_due` runs in the threads of `io`, one call at a time.
  // Requires: when this is destroyed, no thread runs `io` any more.
  Timers(asio::io_context& io, const Clock& clock, RunDue run_due);

  // Something may be due earlier than was last said. Thread safety: may be called from any thread.
  void Wake();

 private:
  void Run();

  asio::io_context& io_;
  const Clock& clock_;
  const RunDue run_due_;
  asio::steady_timer timer_;
  std::atomic<bool> woken_{false};  // a Run is on its way: many wakes, one Run
};

}  // namespace sluice::server
