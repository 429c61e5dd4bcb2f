#include "client/cpp/src/link.h"

#include <optional>
#include <utility>

#include <sluice/error.h>
#include <sluice/mutex.h>

namespace sluice::detail {
namespace {

// Where a calling thread waits for its answer.
class Waiting {
 public:
  void Finish(Answer&& answer, Epoch epoch) {
    MutexLock lock(mutex_);
    called_.emplace(Called{std::move(answer), epoch});
    answered_.NotifyOne();
  }
  Called Wait() {
    MutexLock lock(mutex_);
    while (!called_) answered_.Wait(mutex_);
    return *std::move(called_);
  }

 private:
  Mutex mutex_;
  CondVar answered_;
  std::optional<Called> called_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace

Called Call(Link& link, std::string_view space, Command command, const std::stop_token& stop, Epoch held_in) {
  if (!link.usable()) throw InternalError("this client was made before a fork: make a new one in the child");
  if (InStopCallback()) {
    throw InvalidArgument(
        "a call on a client from a callback of task.stop_token() would wait for itself: call from "
        "another thread");
  }
  if (stop.stop_requested()) throw Cancelled("stopped before the call began");
  // Shared: the answer may come while this thread still leaves Wait.
  const auto waiting = std::make_shared<Waiting>();
  const Link::Ticket ticket = link.Submit(
      space, std::move(command), [waiting](Answer&& answer, Epoch epoch) { waiting->Finish(std::move(answer), epoch); },
      stop, held_in);
  const std::stop_callback on_stop(stop, [&] { link.Cancel(ticket); });
  Called called = waiting->Wait();
  if (!called.answer.ok()) ThrowError(called.answer.reason, called.answer.message);
  return called;
}

}  // namespace sluice::detail
