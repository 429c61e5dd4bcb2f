// A worker that does as it is told: takes one item, says so, waits for a line on standard input, finishes the item.
//
//   holder QUEUE LEASE_MS
//
// Prints "waiting", "leased ATTEMPT PAYLOAD", and at the end "done" or the reason of the refusal.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include <sluice/client.h>

int main(int argc, char** argv) try {
  if (argc != 3) return EXIT_FAILURE;
  const auto client = sluice::Client::from_environment({.lease = std::chrono::milliseconds(std::atoi(argv[2]))});
  const auto queue = client.queue<std::string>(argv[1], sluice::QueueSettings{});
  std::cout << "waiting" << std::endl;
  auto task = queue.get();
  std::cout << "leased " << task.attempt() << " " << task.value() << std::endl;
  std::string line;
  std::getline(std::cin, line);
  task.done();
  std::cout << "done" << std::endl;
} catch (const sluice::Error& error) {
  std::cout << sluice::ReasonName(error.reason()) << std::endl;
}
