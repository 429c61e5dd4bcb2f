// Items for somebody who outlives this process: a shell script, another program, a person.
//
//   for (const sluice::DetachedItem& item : sluice::get_detached("127.0.0.1:7171", "jobs", 1)) hand_over(item);
//   ...                                               // later, anywhere:
//   client.queue<std::string>("jobs").task_done(fence);
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sluice/clock.h>
#include <sluice/options.h>
#include <sluice/types.h>

namespace sluice {

// Under a lease that no client keeps alive: the item goes back to its place when `lease` has passed since the get,
// unless somebody settled or extended it by its fence before (Queue<T>::task_done and so on).
struct DetachedItem {
  std::uint64_t id = 0;
  std::uint64_t fence = 0;
  std::uint32_t attempt = 0;  // 1 for the first delivery
  TimePoint put_time;
  std::chrono::milliseconds lease{0};
  std::string payload;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;
  std::int64_t priority = 0;
};

struct DetachedGetOptions {
  GetOptions get;
  std::chrono::milliseconds lease{0};   // 0 = the queue's; 100 ms to 24 h
  std::optional<QueueSettings> create;  // create the queue with these settings if it is missing
  // How long to wait for a server that cannot be reached, at first and after an outage, before Unavailable.
  std::chrono::milliseconds connect_timeout{10'000};
};

// Waits for the first item and returns 1..max_items. Needs no Client: `address` is as a client's. Throws what
// Queue<T>::get throws; a lost connection is made again and the wait goes on. An item whose reply did not arrive
// goes back to its place: at once if the server noticed, else when its lease has passed.
//
// Thread safety: may be called from any thread.
std::vector<DetachedItem> get_detached(const std::string& address, const std::string& queue, std::size_t max_items,
                                       const DetachedGetOptions& options = {});

}  // namespace sluice
