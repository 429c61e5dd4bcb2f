#include "client/cpp/src/async.h"

#include <string>
#include <utility>

#include <sluice/error.h>
#include <sluice/mutex.h>

namespace sluice::detail {
namespace {

struct Canceller {
  // Weak: who only waits does not keep the connection.
  void operator()() const {
    if (const auto held = link.lock()) held->Cancel(ticket);
  }
  std::weak_ptr<Link> link;
  Link::Ticket ticket;
};
using OnStop = std::stop_callback<Canceller>;

class AsyncOperation {
 public:
  explicit AsyncOperation(Completion finish) : finish_(std::move(finish)) {}

  void Finish(Answer&& answer, Epoch epoch) noexcept {
    std::unique_ptr<OnStop> on_stop;
    {
      MutexLock lock(mutex_);
      finished_ = true;
      on_stop = std::move(on_stop_);
    }
    on_stop.reset();
    std::exchange(finish_, nullptr)(std::move(answer), epoch);
  }

  void CancelOn(const std::stop_token& stop, Canceller canceller) {
    // Outside the lock: if it has stopped already, the operation ends in here.
    auto on_stop = std::make_unique<OnStop>(stop, std::move(canceller));
    MutexLock lock(mutex_);
    if (!finished_) on_stop_.swap(on_stop);
  }

 private:
  Completion finish_;  // called once; nobody else touches it
  Mutex mutex_;
  bool finished_ SLUICE_GUARDED_BY(mutex_) = false;
  std::unique_ptr<OnStop> on_stop_ SLUICE_GUARDED_BY(mutex_);
};

std::stop_token Stopped() {
  std::stop_source source;
  source.request_stop();
  return source.get_token();
}

}  // namespace

void SubmitAsync(const std::shared_ptr<Link>& link, std::string_view space, Command command,
                 const std::stop_token& stop, Epoch held_in, Completion finish, WhenFull when_full) {
  CheckUsable(*link);
  const auto operation = std::make_shared<AsyncOperation>(std::move(finish));
  const bool may_wait = when_full == WhenFull::kWait && !InStopCallback();
  Link::Ticket ticket;
  try {
    if (stop.stop_requested()) throw Cancelled("stopped before the operation began");
    ticket = link->Submit(
        space, std::move(command),
        [operation](Answer&& answer, Epoch epoch) { operation->Finish(std::move(answer), epoch); },
        may_wait ? stop : Stopped(), held_in);
  } catch (const Error& error) {
    return operation->Finish(Answer::Refused(error.reason(), error.what()), kAnyEpoch);
  }
  if (stop.stop_possible()) operation->CancelOn(stop, {link, std::move(ticket)});
}

std::exception_ptr ErrorOf(const Answer& refusal) {
  try {
    ThrowError(refusal.reason, refusal.message);
  } catch (const Error&) {
    return std::current_exception();
  }
}

}  // namespace sluice::detail
