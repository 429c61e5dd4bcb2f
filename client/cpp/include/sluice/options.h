// Options of clients, puts and gets; all have defaults that suit most programs.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <sluice/clock.h>
#include <sluice/types.h>

namespace sluice {

// How much put_async and put_many_async of one client may have unanswered, all its queues together. Beyond it the
// future forms block, and the forms with a callback throw LimitReached. Each at least 1.
struct PutWindowOptions {
  std::size_t puts = 10'000;
  std::size_t bytes = std::size_t{8} << 20;  // a put that is larger is let in alone
};

struct ClientOptions {
  // For the server's logs; empty: program and process id. At most 255 bytes.
  std::string name{};
  // Silence after which the server takes back what this client holds; 100 ms to 24 h. A heartbeat three times as
  // often keeps it off, from a thread of the client's own.
  std::chrono::milliseconds lease{30'000};
  // How long the constructor, and each call made while the server is away, waits for it before Unavailable.
  std::chrono::milliseconds connect_timeout{10'000};
  // True: calls that wait on the server survive any outage (one with a timeout until connect_timeout after it).
  // False: they, too, end with Unavailable connect_timeout after the connection broke.
  bool retry_forever = true;
  // Between attempts to connect: doubled from min_backoff up to max_backoff, with jitter.
  std::chrono::milliseconds min_backoff{50};
  std::chrono::milliseconds max_backoff{5'000};
  PutWindowOptions put_window{};
};

struct EmbeddedOptions {
  // nullptr: the real one. A ManualClock drives timeouts and leases by hand: its Advance does all work that is due
  // before it returns. A single step longer than `lease` is a client that was silent for so long: its leases are lost.
  // Borrows: for the life of the client, its queues and tasks.
  Clock* clock = nullptr;
  std::size_t memory_bytes = std::size_t{256} << 20;  // of all items
  std::chrono::milliseconds lease{30'000};
  PutWindowOptions put_window{};
};

struct PutOptions {
  WaitTime timeout = kForever;
  std::int64_t priority = 0;  // lowest first, in a priority queue
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string content_type{};  // empty: the codec's
  std::stop_token stop{};      // ends the wait with Cancelled, unless the item was added first
  // Names the put in the namespace: one that was made under this name before, by whatever process, is not made again,
  // and its answer is this one's. The server remembers the last 262,144 puts of a namespace for 10 minutes; those of a
  // queue in memory until it is started anew. At most 255 bytes of text; empty: every put is another one.
  std::string request_id{};
};

struct GetOptions {
  WaitTime timeout = kForever;
  // On a queue that is shut down: false as CPython, ShutDown as soon as nothing is left to get; true for worker
  // loops: wait on while items that colleagues hold may come back, ShutDown when all is finished.
  bool until_finished = false;
  std::stop_token stop{};  // ends the wait with Cancelled, unless an item came first; loses no item
};

// Of get_many: waits for the first item as get does, then lingers until there are enough.
struct GetManyOptions {
  WaitTime timeout = kForever;  // for the first
  std::size_t min_items = 0;    // enough, at most max_items; 0: max_items
  // The longest wait after the first. 0: takes what is there with it.
  std::chrono::milliseconds linger{0};
  bool until_finished = false;
  std::stop_token stop{};  // ends the wait: with the items there are, with Cancelled if there are none
};

struct ConsumerOptions {
  // So many leased items, at most, are got in advance and not begun; 1 to 10,000. One get brings no more of them than
  // about 4 MiB together.
  std::size_t prefetch = 16;
};

struct JoinOptions {
  WaitTime timeout = kForever;
  bool only_put_before = false;  // ignore items that are put after this call
  std::stop_token stop{};
};

}  // namespace sluice
