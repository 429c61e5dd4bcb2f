// The nouns of a queue that every layer shares: settings, statistics, counts.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <sluice/clock.h>

namespace sluice {

enum class Order : std::uint8_t { kFifo, kLifo, kPriority };
enum class Durability : std::uint8_t { kMemory, kAsync, kFsync };

// Everything but order and durability can be changed live.
struct QueueSettings {
  Order order = Order::kFifo;
  std::int64_t maxsize = 0;    // items that wait; 0 = no bound of its own
  std::int64_t max_bytes = 0;  // payload bytes that wait; 0 = no bound of its own
  bool count_leased = false;   // the bounds count leased items too
  Durability durability = Durability::kMemory;
  std::chrono::milliseconds lease{30'000};  // of a get that no session keeps alive
  std::int32_t max_attempts = 0;            // deliveries after which a failed or lost item is dead; 0 = no limit
  bool paused = false;                      // gets wait; puts go on

  bool operator==(const QueueSettings&) const = default;
};

// A change of settings: what is absent stays.
struct QueueUpdate {
  std::optional<std::int64_t> maxsize{};
  std::optional<std::int64_t> max_bytes{};
  std::optional<bool> count_leased{};
  std::optional<std::chrono::milliseconds> lease{};
  std::optional<std::int32_t> max_attempts{};
  std::optional<bool> paused{};
};

// A consistent snapshot. Counters count since the queue was created.
struct QueueStats {
  std::uint64_t ready = 0;  // qsize
  std::uint64_t leased = 0;
  std::uint64_t unfinished = 0;  // ready + leased
  std::uint64_t ready_bytes = 0;
  std::uint64_t leased_bytes = 0;
  std::uint64_t put = 0;
  std::uint64_t delivered = 0;
  std::uint64_t redelivered = 0;  // deliveries after an item's first
  std::uint64_t done = 0;
  std::uint64_t dead = 0;
  std::uint64_t expired = 0;
  std::uint64_t discarded = 0;
  std::uint64_t waiting_getters = 0;
  std::uint64_t waiting_putters = 0;
  std::uint64_t waiting_joiners = 0;
  std::chrono::milliseconds oldest_ready_age{0};  // 0 when nothing is ready
  bool empty = true;
  bool full = false;
  bool shut_down = false;
  bool paused = false;

  bool operator==(const QueueStats&) const = default;
};

// How items ended. After join: how the work went.
struct QueueCounts {
  std::string queue;
  std::uint64_t done = 0;
  std::uint64_t dead = 0;
  std::uint64_t expired = 0;
  std::uint64_t discarded = 0;  // by purge or shutdown(immediate)

  bool operator==(const QueueCounts&) const = default;
};

struct QueueDescription {
  std::string queue;  // without the namespace
  QueueSettings settings;
  QueueStats stats;
  TimePoint created;
};

}  // namespace sluice
