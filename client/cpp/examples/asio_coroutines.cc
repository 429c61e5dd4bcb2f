// A hundred workers and a producer as coroutines in one thread: each waits for its item, none blocks the others.
//
//   asio_coroutines               the server is $SLUICE_ADDRESS, or 127.0.0.1:7171
//   asio_coroutines --embedded    a broker in this process
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

#include <sluice/asio.h>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

namespace {

using asio::awaitable;
using asio::use_awaitable;
using Queue = sluice::Queue<std::string>;

constexpr int kWorkers = 100;
constexpr int kItems = 1'000;

awaitable<void> Produce(Queue queue) {
  for (int i = 0; i < kItems; ++i) co_await sluice::async_put(queue, std::to_string(i), use_awaitable);
  queue.shutdown();
}

// Until the queue is shut down and all is finished.
awaitable<void> Work(Queue queue, std::uint64_t* sum) {
  for (;;) {
    try {
      auto task = co_await sluice::async_get(queue, {.until_finished = true}, use_awaitable);
      *sum += std::stoull(task.value());  // one thread: no lock
      co_await sluice::async_done(std::move(task), use_awaitable);
    } catch (const sluice::ShutDown&) {
      co_return;
    }
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const bool embedded = argc > 1 && std::string(argv[1]) == "--embedded";
  const auto client = embedded ? sluice::Client::embedded() : sluice::Client::from_environment();
  const std::string name = "asio-example";
  client.create(name, {.maxsize = 10});
  const auto queue = client.queue<std::string>(name);

  asio::io_context io;
  std::uint64_t sum = 0;
  std::exception_ptr trouble;
  const auto at_end = [&](std::exception_ptr error) {
    if (!error) return;
    if (!trouble) trouble = error;
    client.close();  // all others end with Cancelled
  };
  for (int i = 0; i < kWorkers; ++i) asio::co_spawn(io, Work(queue, &sum), at_end);
  asio::co_spawn(io, Produce(queue), at_end);
  io.run();
  if (trouble) std::rethrow_exception(trouble);

  std::cout << queue.join().done << " done, the sum is " << sum << "\n";
  client.remove(name);
} catch (const std::exception& error) {
  std::cerr << "asio_coroutines: " << error.what() << "\n";
  return EXIT_FAILURE;
}
