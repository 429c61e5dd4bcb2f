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

struct ClientOptions {
  std::string name;                                  // for the server's logs; default: program and process id
  std::chrono::milliseconds lease{30'000};           // silence after which the server takes back what this client holds
  std::chrono::milliseconds connect_timeout{10'000}; // how long the constructor and each call made while the server is
                                                     // away wait for it before they throw Unavailable; see retry_forever
  bool retry_forever = true;                         // once connected, calls that are waiting survive any outage
  std::chrono::milliseconds min_backoff{50};         // reconnects: doubled up to max_backoff, with jitter
  std::chrono::milliseconds max_backoff{5'000};
};

struct EmbeddedOptions {
  Clock* clock = nullptr;                 // borrowed; nullptr: the real one. A ManualClock drives timeouts and leases by hand
  std::size_t memory_bytes = 256u << 20;  // of all items
  std::chrono::milliseconds lease{30'000};
};

struct PutOptions {
  WaitTime timeout = kForever;
  std::int64_t priority = 0;  // lowest first, in a priority queue
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type;   // empty: the codec's
  std::stop_token stop;       // ends the wait with Cancelled
};

struct GetOptions {
  WaitTime timeout = kForever;
  // On a queue that is shut down: false as CPython, ShutDown as soon as nothing is left to get; true for worker
  // loops: wait on while items that colleagues hold may come back, ShutDown when all is finished.
  bool until_finished = false;
  std::stop_token stop;
};

struct JoinOptions {
  WaitTime timeout = kForever;
  bool only_put_before = false;  // ignore items that are put after this call
  std::stop_token stop;
};

}  // namespace sluice
