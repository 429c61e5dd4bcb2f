#include "server/timers.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <asio/post.hpp>

namespace sluice::server {
namespace {

// The longest sleep: keeps a deadline of a year away from the timer's arithmetic.
constexpr Duration kLongestSleep = std::chrono::hours(1);

}  // namespace

Timers::Timers(asio::io_context& io, const Clock& clock, RunDue run_due)
    : io_(io), clock_(clock), run_due_(std::move(run_due)), timer_(io) {}

void Timers::Wake() {
  if (woken_.exchange(true)) return;
  asio::post(io_, [this] {
    woken_ = false;
    Run();
  });
}

void Timers::Run() {
  const std::optional<TimePoint> next = run_due_();
  if (!next) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::clamp(Duration(*next - clock_.Now()), Duration::zero(), kLongestSleep));
  timer_.async_wait([this](const std::error_code& error) {
    if (!error) Run();
  });
}

}  // namespace sluice::server
