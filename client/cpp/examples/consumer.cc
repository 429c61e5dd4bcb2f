// Takes items one by one until the queue is shut down and finished.
//
//   consumer QUEUE
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include <sluice/client.h>

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: consumer QUEUE\n";
    return EXIT_FAILURE;
  }
  const auto client = sluice::Client::from_environment();
  const auto queue = client.queue<std::string>(argv[1], sluice::QueueSettings{.maxsize = 100});

  while (true) {
    auto task = queue.get({.until_finished = true});  // a lease: kept alive until the task is decided or destroyed
    std::cout << task.value() << "\n";
    task.done();  // only now is the item gone; without it another consumer gets it
  }
} catch (const sluice::ShutDown&) {
  return EXIT_SUCCESS;
} catch (const std::exception& error) {
  std::cerr << "consumer: " << error.what() << "\n";
  return EXIT_FAILURE;
}
