// Four threads work on a queue; what fails is tried again, three times in all.
//
//   worker_pool [--embedded]
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <sluice/client.h>

namespace {

void Work(sluice::Task<std::string>& task) {
  // A fault that passes: the second attempt succeeds.
  if (task.value() == "job 7" && task.attempt() == 1) throw std::runtime_error("the disk was busy");
  // A fault that stays: after the third attempt the item is dead.
  if (task.value() == "job 13") throw std::runtime_error("nobody can do this");
}

}  // namespace

int main(int argc, char** argv) try {
  const bool embedded = argc > 1 && std::string_view(argv[1]) == "--embedded";
  const auto client = embedded ? sluice::Client::embedded() : sluice::Client::from_environment();
  const auto queue = client.queue<std::string>("example-pool", sluice::QueueSettings{.maxsize = 10, .max_attempts = 3});

  sluice::WorkerPool workers(queue, 4, Work);
  for (int i = 0; i < 100; ++i) queue.put("job " + std::to_string(i));
  queue.shutdown();
  workers.wait();  // they end by themselves when all is finished

  const sluice::QueueCounts counts = queue.join();
  std::cout << counts.done << " done, " << counts.dead << " dead, " << workers.counts().failed << " failures\n";
  client.remove("example-pool");
} catch (const std::exception& error) {
  std::cerr << "worker_pool: " << error.what() << "\n";
  return EXIT_FAILURE;
}
