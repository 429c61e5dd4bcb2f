// Sluice's operations for programs that run on (standalone) Asio: with any completion token.
//
//   asio::awaitable<void> work(sluice::Queue<std::string> jobs) {
//     for (;;) {
//       auto task = co_await sluice::async_get(jobs, asio::use_awaitable);
//       std::cout << task.value() << "\n";
//       co_await sluice::async_done(std::move(task), asio::use_awaitable);
//     }
//   }
//
// CMake: find_package(sluice REQUIRED COMPONENTS asio) and the target sluice::client_asio.
//
// Every operation ends as the blocking call of its name does, by `void(std::exception_ptr, result)`: the exception is
// the one that the blocking call throws (with asio::use_awaitable and asio::use_future it is thrown), the result beside
// it is then of no use (a Task there is as one that was moved away). What makes no sense (InvalidArgument) and a put
// beyond ClientOptions::put_window (LimitReached) comes the same way.
//
// The handler runs on its associated executor (Asio's system executor, if it has none), never inside the call that
// began the operation; until then there is outstanding work there. Its cancellation slot, of any type, cancels: the
// operation ends soon, with Cancelled or with what it got by then, so a cancelled get never loses an item. A task whose
// handler is destroyed without being called goes back to its place. A call returns at once, unless the client has 16
// MiB unsent.
//
// Requires: the execution context lives until its operations have ended (cancel them, or close() the client).
//
// Thread safety: as the blocking calls; the slot is used by the calling thread and on the handler's executor only.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

#include <sluice/client.h>

namespace sluice {

namespace detail {

template <typename T>
struct AsioSignature {
  using type = void(std::exception_ptr, T);
};
template <>
struct AsioSignature<void> {
  using type = void(std::exception_ptr);
};

// What is beside an exception.
template <typename T>
T NoResult() {
  if constexpr (std::default_initializable<T>) {
    return T();
  } else {
    return T(Lease());
  }
}

// One operation, from its start until the handler is called on its executor.
template <typename T, typename Handler>
class AsioOperation : public std::enable_shared_from_this<AsioOperation<T, Handler>> {
 public:
  explicit AsioOperation(Handler&& handler)
      : handler_(std::move(handler)), work_(asio::get_associated_executor(handler_)) {}

  // `start`: begins the operation with a stop token and a callback. `stop`: the user's own token.
  template <typename Start>
  void Begin(Start& start, const std::stop_token& stop) {
    auto slot = asio::get_associated_cancellation_slot(handler_);
    if (stop.stop_possible() || slot.is_connected()) stop_ = std::stop_source();
    if (stop.stop_possible()) on_stop_.emplace(stop, RequestStop{stop_});
    if (slot.is_connected()) {
      slot.assign([source = stop_](asio::cancellation_type) mutable { source.request_stop(); });
    }
    try {
      const auto self = this->shared_from_this();
      start(stop_.get_token(), Callback<T>{[self](Outcome<T> outcome) { self->Ended(std::move(outcome)); }, true});
    } catch (...) {
      Ended(Outcome<T>(std::current_exception()));
    }
  }

 private:
  using Executor = asio::associated_executor_t<Handler>;
  struct RequestStop {
    void operator()() noexcept { source.request_stop(); }
    std::stop_source source;
  };

  void Ended(Outcome<T> outcome) {
    asio::post(asio::bind_executor(
        work_.get_executor(), [self = this->shared_from_this(), outcome = std::move(outcome)]() mutable {
          Handler handler = std::move(self->handler_);
          const auto work = std::move(self->work_);
          self->on_stop_.reset();
          if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) slot.clear();
          self.reset();
          const std::exception_ptr error = outcome.error();
          if constexpr (std::is_void_v<T>) {
            std::move(handler)(error);
          } else {
            std::move(handler)(error, error ? NoResult<T>() : std::move(outcome).get());
          }
        }));
  }

  Handler handler_;
  asio::executor_work_guard<Executor> work_;
  std::stop_source stop_{std::nostopstate};  // of the slot and the user's token together
  std::optional<std::stop_callback<RequestStop>> on_stop_;
};

template <typename T, typename Token, typename Start>
auto AsioInitiate(Token&& token, const std::stop_token& stop, Start start) {
  return asio::async_initiate<Token, typename AsioSignature<T>::type>(
      [](auto handler, Start&& begin, const std::stop_token& user_stop) {
        std::make_shared<AsioOperation<T, decltype(handler)>>(std::move(handler))->Begin(begin, user_stop);
      },
      token, std::move(start), stop);
}

}  // namespace detail

// Queue<T>::put: void(std::exception_ptr, std::uint64_t id).
template <typename T, typename C, typename Token>
auto async_put(const Queue<T, C>& queue, std::type_identity_t<T> value, PutOptions options, Token&& token) {
  const std::stop_token stop = options.stop;
  return detail::AsioInitiate<std::uint64_t>(
      std::forward<Token>(token), stop,
      [queue, value = std::move(value), options = std::move(options)](std::stop_token both, auto callback) mutable {
        options.stop = std::move(both);
        queue.put_async(value, options, std::move(callback), false);
      });
}
template <typename T, typename C, typename Token>
auto async_put(const Queue<T, C>& queue, std::type_identity_t<T> value, Token&& token) {
  return async_put(queue, std::move(value), PutOptions(), std::forward<Token>(token));
}

// Queue<T>::put_many: void(std::exception_ptr, std::vector<std::uint64_t> ids).
template <typename T, typename C, typename Token>
auto async_put_many(const Queue<T, C>& queue, const std::vector<std::type_identity_t<T>>& values, PutOptions options,
                    Token&& token) {
  const std::stop_token stop = options.stop;
  return detail::AsioInitiate<std::vector<std::uint64_t>>(
      std::forward<Token>(token), stop,
      [queue, items = Queue<T, C>::Items(values, options), options = std::move(options)](std::stop_token both,
                                                                                               auto callback) mutable {
        options.stop = std::move(both);
        queue.handle().put_async(items, options, std::move(callback), false);
      });
}
template <typename T, typename C, typename Token>
auto async_put_many(const Queue<T, C>& queue, const std::vector<std::type_identity_t<T>>& values, Token&& token) {
  return async_put_many(queue, values, PutOptions(), std::forward<Token>(token));
}

// Queue<T>::get: void(std::exception_ptr, Task<T>).
template <typename T, typename C, typename Token>
auto async_get(const Queue<T, C>& queue, GetOptions options, Token&& token) {
  const std::stop_token stop = options.stop;
  return detail::AsioInitiate<Task<T, C>>(
      std::forward<Token>(token), stop,
      [queue, options = std::move(options)](std::stop_token both, auto callback) mutable {
        options.stop = std::move(both);
        queue.get_async(options, std::move(callback));
      });
}
template <typename T, typename C, typename Token>
auto async_get(const Queue<T, C>& queue, Token&& token) {
  return async_get(queue, GetOptions(), std::forward<Token>(token));
}

// Queue<T>::get_many: void(std::exception_ptr, std::vector<Task<T>>).
template <typename T, typename C, typename Token>
auto async_get_many(const Queue<T, C>& queue, std::size_t max_items, GetManyOptions options, Token&& token) {
  const std::stop_token stop = options.stop;
  return detail::AsioInitiate<std::vector<Task<T, C>>>(
      std::forward<Token>(token), stop,
      [queue, max_items, options = std::move(options)](std::stop_token both, auto callback) mutable {
        options.stop = std::move(both);
        queue.get_many_async(max_items, options, std::move(callback));
      });
}
template <typename T, typename C, typename Token>
auto async_get_many(const Queue<T, C>& queue, std::size_t max_items, Token&& token) {
  return async_get_many(queue, max_items, GetManyOptions(), std::forward<Token>(token));
}

// Task<T>::done and fail: void(std::exception_ptr). The task goes with the operation. They are not cancelled.
template <typename T, typename C, typename Token>
auto async_done(Task<T, C> task, Token&& token) {
  return detail::AsioInitiate<void>(std::forward<Token>(token), {},
                                    [task = std::move(task)](std::stop_token, auto callback) mutable {
                                      std::move(task.lease()).done_async(std::move(callback));
                                    });
}
template <typename T, typename C, typename Token>
auto async_fail(Task<T, C> task, std::string error, Token&& token) {
  return detail::AsioInitiate<void>(
      std::forward<Token>(token), {},
      [task = std::move(task), error = std::move(error)](std::stop_token, auto callback) mutable {
        std::move(task.lease()).fail_async(error, std::move(callback));
      });
}

// Queue<T>::join: void(std::exception_ptr, QueueCounts).
template <typename T, typename C, typename Token>
auto async_join(const Queue<T, C>& queue, JoinOptions options, Token&& token) {
  const std::stop_token stop = options.stop;
  return detail::AsioInitiate<QueueCounts>(
      std::forward<Token>(token), stop,
      [queue, options = std::move(options)](std::stop_token both, auto callback) mutable {
        options.stop = std::move(both);
        queue.handle().join_async(options, std::move(callback));
      });
}
template <typename T, typename C, typename Token>
auto async_join(const Queue<T, C>& queue, Token&& token) {
  return async_join(queue, JoinOptions(), std::forward<Token>(token));
}

}  // namespace sluice
