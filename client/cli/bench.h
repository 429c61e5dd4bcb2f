// A load on a queue of its own, with every item accounted for.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include <sluice/client.h>

#include "client/cli/latency.h"

namespace sluice::cli {

enum class BenchShape {
  kFlow,   // producers put, consumers get and finish, all at once
  kCycle,  // each producer puts, gets and finishes in turns
  kBurst,  // `count` getters wait; then as many items are put
};

struct BenchOptions {
  BenchShape shape = BenchShape::kFlow;
  std::string queue;  // made for the run and deleted after it
  std::size_t producers = 4;
  std::size_t consumers = 4;
  std::size_t item_bytes = 100;  // at least kBenchMinItemBytes
  std::size_t batch = 1;         // items a put and a get
  std::int64_t maxsize = 10'000;
  std::uint64_t count = 0;  // items in all; 0: as many as go within `duration`
  std::chrono::milliseconds duration{5'000};
};

inline constexpr std::size_t kBenchMinItemBytes = 16;         // an item carries its producer and its number
inline constexpr std::uint64_t kBenchMostItems = 20'000'000;  // each costs 8 bytes of our memory to account for
inline constexpr std::uint64_t kBenchMostParked = 10'000;     // each is a thread of ours
inline constexpr auto kBenchLongest = std::chrono::minutes(10);

struct BenchResult {
  std::uint64_t items = 0;       // put
  std::uint64_t lost = 0;        // put, and never got
  std::uint64_t duplicated = 0;  // got and finished more than once
  double seconds = 0;            // from the first put to the last task_done; a burst: to the last get
  double cpu_seconds = 0;        // of this process, for all of the run
  Latency put;                   // of one call, a batch
  Latency get;

  bool valid() const { return items > 0 && lost == 0 && duplicated == 0; }
};

// Producers and consumers each share one of the clients; a cycle runs on the producers'. `progress` is called from
// their threads with the number of items that were just finished. Throws QueueExists when the queue is there already,
// and what ended a thread.
BenchResult RunBench(const Client& producers, const Client& consumers, const BenchOptions& options,
                     const std::function<void(std::uint64_t)>& progress, const std::stop_token& stop);

}  // namespace sluice::cli
