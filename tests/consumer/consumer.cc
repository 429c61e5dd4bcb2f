// Uses what the SDK offers, from outside: `consumer` on an embedded broker, `consumer ADDRESS` on a server.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include <sluice/backup.h>
#include <sluice/blocking_queue.h>
#include <sluice/client.h>
#include <sluice/server_status.h>

#include "point.h"

namespace {

using namespace std::chrono_literals;

void Expect(bool condition, const char* what) {
  if (condition) return;
  std::cerr << "consumer: not as promised: " << what << "\n";
  std::exit(EXIT_FAILURE);
}

// Exceptions are caught by their class across the library's border.
template <typename Exception, typename Call>
bool Throws(Call call) {
  try {
    call();
  } catch (const Exception& error) {
    return !std::string(error.what()).empty();
  }
  return false;
}

void UseQueue(const sluice::Client& client) {
  client.create("consumer", {.maxsize = 2});
  const auto queue = client.queue<Point>("consumer");
  queue.put({3, 4});
  queue.put({5, 6});
  Expect(Throws<sluice::Full>([&] { queue.put_nowait({7, 8}); }), "Full");
  auto task = queue.get();
  Expect(task.value().x == 3 && task.content_type() == "application/x-point", "the item");
  task.done();
  Expect(queue.pop().y == 6, "the pop");
  Expect(Throws<sluice::Empty>([&] { queue.get({.timeout = 10ms}); }), "Empty");
  Expect(Throws<sluice::InvalidArgument>([&] { queue.get({.timeout = -1ms}); }), "InvalidArgument");
}

void UsePool(const sluice::Client& client) {
  const auto queue = client.queue<Point>("consumer");
  std::atomic<int> sum = 0;
  sluice::WorkerPool pool(queue, 2, [&](sluice::Task<Point>& task) { sum += task.value().x; });
  for (int i = 1; i <= 10; ++i) queue.put({i, 0});
  queue.shutdown();
  pool.wait();
  Expect(sum == 55, "the pool's work");
  Expect(Throws<sluice::ShutDown>([&] { queue.put({1, 1}); }), "ShutDown");
  client.remove("consumer");
}

void UseManualClock() {
  sluice::ManualClock clock;
  const auto client = sluice::Client::embedded({.clock = &clock});
  const auto queue = client.queue<std::string>("clock", sluice::QueueSettings{});
  queue.put("a");
  auto task = queue.get();
  clock.Advance(31s);
  Expect(task.stop_token().stop_requested(), "a lost lease");
  Expect(Throws<sluice::LeaseLost>([&] { task.done(); }), "LeaseLost");
}

// Calls that need no client.
void AskServer(const std::string& address) {
  const sluice::ServerStatus status = sluice::get_server_status(address, {.timeout = 10s});
  Expect(status.serving && !status.version.empty() && !status.storage, "the server's status");
  Expect(Throws<sluice::InvalidArgument>([&] { sluice::take_backup(address, "monday"); }), "no backups of memory");
}

}  // namespace

int main(int argc, char** argv) try {
  const auto client = argc > 1 ? sluice::Client(argv[1]) : sluice::Client::embedded();
  UseQueue(client);
  UsePool(client);
  UseManualClock();
  if (argc > 1) AskServer(argv[1]);
  sluice::BlockingQueue<int> local(1);
  local.put(1);
  Expect(local.get() == 1, "the queue in process");
  std::cout << "ok\n";
} catch (const std::exception& error) {
  std::cerr << "consumer: " << error.what() << "\n";
  return EXIT_FAILURE;
}
