// How an asynchronous operation ended.
#pragma once

#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

namespace sluice {

// The value, or the exception that the blocking call would have thrown.
//
// Thread safety: distinct outcomes may be used from distinct threads.
template <typename T>
class [[nodiscard]] Outcome {
 public:
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  explicit Outcome(Value value) : state_(std::in_place_index<1>, std::move(value)) {}
  explicit Outcome(std::exception_ptr error) : state_(std::in_place_index<0>, std::move(error)) {}

  bool ok() const noexcept { return state_.index() == 1; }
  // Null when ok().
  std::exception_ptr error() const noexcept { return ok() ? nullptr : std::get<0>(state_); }
  // Moves the value out, or throws the exception.
  T get() && {
    if (!ok()) std::rethrow_exception(std::get<0>(state_));
    if constexpr (!std::is_void_v<T>) return std::get<1>(std::move(state_));
  }
  // The outcome with another value in it; an exception stays as it is.
  template <typename Function>
  auto map(Function function) && {
    using Mapped = Outcome<std::invoke_result_t<Function, Value&&>>;
    return ok() ? Mapped(function(std::get<1>(std::move(state_)))) : Mapped(std::get<0>(std::move(state_)));
  }

 private:
  std::variant<std::exception_ptr, Value> state_;
};

namespace detail {

// What an asynchronous operation ends with, once.
template <typename T>
struct Callback {
  std::function<void(Outcome<T>)> call;
  bool at_once = false;  // in the thread that has the answer, which it must not keep: it only hands the outcome on
};

template <typename T, typename Handler>
Callback<T> CallbackTo(Handler handler) {
  // Shared: a std::function must be copyable, a handler need not be.
  return {[shared = std::make_shared<Handler>(std::move(handler))](Outcome<T> outcome) {
    std::move (*shared)(std::move(outcome));
  }};
}

// A callback for another type, which `map` turns into the one that `callback` takes.
template <typename From, typename To, typename Map>
Callback<From> Mapped(Callback<To> callback, Map map) {
  return {[call = std::move(callback.call), map](Outcome<From> outcome) { call(std::move(outcome).map(map)); },
          callback.at_once};
}

// A future for the operation that `start` starts with the callback it is given. What `start` throws comes by it, too.
template <typename T, typename Start>
std::future<T> Promised(Start start) {
  const auto promise = std::make_shared<std::promise<T>>();
  const auto fulfil = [promise](Outcome<T> outcome) {
    if (!outcome.ok()) return promise->set_exception(outcome.error());
    if constexpr (std::is_void_v<T>) {
      promise->set_value();
    } else {
      promise->set_value(std::move(outcome).get());
    }
  };
  try {
    start(Callback<T>{fulfil, true});
  } catch (...) {
    promise->set_exception(std::current_exception());
  }
  return promise->get_future();
}

}  // namespace detail

}  // namespace sluice
