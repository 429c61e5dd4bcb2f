// Uses the Asio face from outside: one thread, an event loop, a queue in process.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include <sluice/asio.h>
#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

int main() try {
  const auto client = sluice::Client::embedded();
  const auto queue = client.queue<std::string>("asio", sluice::QueueSettings{});
  asio::io_context io;
  bool done = false;
  sluice::async_get(queue, asio::bind_executor(io, [&](std::exception_ptr error, sluice::Task<std::string> task) {
                      if (error) std::rethrow_exception(error);
                      if (task.value() != "hello") return;
                      sluice::async_done(std::move(task),
                                         asio::bind_executor(io, [&](std::exception_ptr problem) { done = !problem; }));
                    }));
  queue.put("hello");
  io.run();
  try {
    sluice::async_get(queue, {.timeout = sluice::WaitTime(0)}, asio::use_future).get();
    return EXIT_FAILURE;
  } catch (const sluice::Empty&) {
  }
  std::cout << (done ? "ok\n" : "not done\n");
} catch (const std::exception& error) {
  std::cerr << "asio_consumer: " << error.what() << "\n";
  return EXIT_FAILURE;
}
