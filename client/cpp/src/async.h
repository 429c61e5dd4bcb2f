// Operations that nobody waits for: they end with a callback.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>
#include <utility>

#include <sluice/error.h>
#include <sluice/outcome.h>

#include "client/cpp/src/link.h"

namespace sluice::detail {

// Submits. `finish` is called exactly once, with the answer, under no lock: perhaps before this returns, when the
// operation could not even be begun. When `stop` stops, the operation is cancelled.
// Blocks (kWait): as Link::Submit; kRefuse, for the link's own threads: never.
// Throws InternalError in the child of a fork.
void SubmitAsync(const std::shared_ptr<Link>& link, std::string_view space, Command command,
                 const std::stop_token& stop, Epoch held_in, Completion finish, WhenFull when_full = WhenFull::kWait);

// What the refusal would throw.
std::exception_ptr ErrorOf(const Answer& refusal);

// Calls back, in the thread for it. An exception that escapes the callback ends the program: nobody could catch it.
template <typename T>
void Deliver(AsyncSide& side, Callback<T>&& callback, Outcome<T> outcome) {
  if (callback.at_once) return callback.call(std::move(outcome));
  // Shared: a std::function must be copyable, what a task holds is not.
  side.callbacks.Run([call = std::move(callback.call), shared = std::make_shared<Outcome<T>>(std::move(outcome))] {
    call(std::move(*shared));
  });
}

// Calls back with what `map` makes of an answer and its epoch, or with what was refused.
template <typename T, typename Map>
Completion Into(std::shared_ptr<AsyncSide> side, Callback<T> callback, Map map) {
  return [side = std::move(side), callback = std::move(callback), map = std::move(map)](Answer&& answer,
                                                                                        Epoch epoch) mutable {
    auto outcome = [&] {
      try {
        return answer.ok() ? Outcome<T>(map(std::move(answer), epoch)) : Outcome<T>(ErrorOf(answer));
      } catch (const Error&) {
        return Outcome<T>(std::current_exception());
      }
    };
    Deliver(*side, std::move(callback), outcome());
  };
}

}  // namespace sluice::detail
