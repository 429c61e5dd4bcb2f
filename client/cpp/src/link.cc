#include "client/cpp/src/link.h"

#include <memory>
#include <utility>

#include <sluice/error.h>

#include "client/cpp/src/interruption.h"

namespace sluice::detail {

void CheckUsable(const Link& link) {
  if (!link.usable()) throw MadeBeforeFork("this client was made before a fork: make a new one in the child");
}

void CheckMayBlock(const Link& link, const std::stop_token& stop) {
  CheckUsable(link);
  if (InStopCallback()) {
    throw InvalidArgument(
        "a call on a client from a callback of task.stop_token() would wait for itself: call from "
        "another thread");
  }
  if (stop.stop_requested() || Interruption::Over()) throw Cancelled("stopped before the call began");
}

void AwaitAnswer(Link& link, const Link::Ticket& ticket, const std::shared_ptr<Waiting>& waiting) {
  while (!link.Await(waiting, Interruption::NextCheck())) {
    if (Interruption::Wanted() && ticket) link.Cancel(ticket);
  }
}

Called Call(Link& link, std::string_view space, Command command, const std::stop_token& stop, Epoch held_in) {
  CheckMayBlock(link, stop);
  const auto waiting = std::make_shared<Waiting>();
  const Link::Ticket ticket = link.Submit(space, std::move(command), waiting, stop, held_in);
  const std::stop_callback on_stop(stop, [&] { link.Cancel(ticket); });
  AwaitAnswer(link, ticket, waiting);
  Called called = waiting->Take();
  if (!called.answer.ok()) ThrowError(called.answer.reason, called.answer.message);
  return called;
}

}  // namespace sluice::detail
