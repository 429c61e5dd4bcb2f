// What the threads of the load share, and what each of them does until it is told to end.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <sluice/client.h>

#include "tests/system/history/history.h"

namespace sluice::history {

using TextQueue = Queue<std::string>;

struct LoadQueue {
  std::string name;
  QueueSettings settings;
};

struct Load {
  History& history;
  std::vector<Client> clients;  // threads share them in turns
  std::vector<LoadQueue> queues;
  std::uint64_t seed = 0;
  std::chrono::microseconds pause{0};  // of a thread between two operations, on average
  std::atomic<bool> draining{false};   // producers end
  std::atomic<bool> over{false};       // everybody ends

  const Client& ClientOf(std::size_t thread) const { return clients[thread % clients.size()]; }
  // Creates the queue when it is missing.
  TextQueue QueueOf(std::size_t thread, const LoadQueue& queue) const {
    return ClientOf(thread).queue<std::string>(queue.name, queue.settings);
  }
};

// The dice of one thread.
//
// Thread safety: one thread.
class Dice {
 public:
  Dice(std::uint64_t seed, std::uint64_t thread) : engine_(seed * 1000 + thread) {}

  std::uint64_t Below(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(engine_);
  }
  bool Chance(std::uint64_t percent) { return Below(100) < percent; }
  void Pause(std::chrono::microseconds average) {
    const auto most = static_cast<std::uint64_t>(2 * average.count());
    std::this_thread::sleep_for(std::chrono::microseconds(Below(most + 1)));
  }

 private:
  std::mt19937_64 engine_;
};

// Puts one or many, at once or waiting for room, until the load is draining.
void Produce(Load& load, std::size_t thread);
// Gets, and finishes, fails or gives back what it got, until the load is over.
void Consume(Load& load, std::size_t thread);
// Joins one queue or several, until the load is draining.
void JoinNowAndThen(Load& load, std::size_t thread);
// Waits until all queues are finished. False: they are not, and it is too late.
bool JoinAll(Load& load);
// Throws sluice::Error.
void WriteFinalCounts(Load& load);

}  // namespace sluice::history
