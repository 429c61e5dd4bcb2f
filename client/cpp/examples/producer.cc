// Puts lines into a queue and waits until they are worked off.
//
//   producer QUEUE < lines
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include <sluice/client.h>

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: producer QUEUE < lines\n";
    return EXIT_FAILURE;
  }
  const auto client = sluice::Client::from_environment();
  const auto queue = client.queue<std::string>(argv[1], sluice::QueueSettings{.maxsize = 100});

  for (std::string line; std::getline(std::cin, line);) queue.put(line);  // waits while the queue is full
  queue.shutdown();                                                       // no more puts; consumers drain and end
  const sluice::QueueCounts counts = queue.join();                        // all of it is done
  std::cout << counts.done << " done, " << counts.dead << " dead\n";
} catch (const std::exception& error) {
  std::cerr << "producer: " << error.what() << "\n";
  return EXIT_FAILURE;
}
