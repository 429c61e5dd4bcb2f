// The C++ face of Sluice: include this.
//
//   sluice::Client client("127.0.0.1:7171");
//   auto jobs = client.queue<std::string>("jobs", {.maxsize = 100});
//   jobs.put("hello");
//   auto task = jobs.get();
//   std::cout << task.value() << "\n";
//   task.done();
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sluice/blocking_queue.h>
#include <sluice/consumer.h>
#include <sluice/error.h>
#include <sluice/options.h>
#include <sluice/queue.h>
#include <sluice/task.h>
#include <sluice/types.h>
#include <sluice/worker_pool.h>

namespace sluice {

// A connection to a server, or an embedded broker. One per process is enough: the operations of all threads share
// one stream. A cheap handle: copies share the connection, which ends with the last of the client, its queues and
// tasks. The destructor never blocks on the network: leases that are still held are released in the background.
//
// Not usable in the child of a fork.
//
// Thread safety: all methods may be called from any thread.
class Client {
 public:
  // "HOST:PORT" (IPv6 as "[::1]:PORT"), or "unix:PATH": a Unix socket that the server listens at on this machine, the
  // faster way to it; PATH may be relative and has at most 107 bytes. Returns when connected; Unavailable when the
  // server cannot be reached within options.connect_timeout; InvalidArgument for an address or option that makes no
  // sense.
  explicit Client(const std::string& address, ClientOptions options = {});
  // $SLUICE_ADDRESS, or 127.0.0.1:7171.
  static Client from_environment(ClientOptions options = {});
  // A broker in this process: the same calls without a server.
  static Client embedded(EmbeddedOptions options = {});

  // A handle; asks nothing of the server. With `create`, the first put or get creates the queue when it is missing.
  template <typename T, typename C = Codec<T>>
  Queue<T, C> queue(std::string name, std::optional<QueueSettings> create = std::nullopt) const {
    return Queue<T, C>(detail::QueueHandle(link_, std::move(name), std::move(create)));
  }

  // True: created; false: it existed with equal settings. QueueExists: with other ones. Idempotent.
  bool create(const std::string& queue, const QueueSettings& settings = {}) const;
  QueueSettings update(const std::string& queue, const QueueUpdate& update) const;
  // Deletes the queue and its items (returns how many); waiting callers get QueueDeleted.
  std::uint64_t remove(const std::string& queue) const;
  // All queues of a namespace whose names start with `prefix`.
  std::vector<QueueDescription> list(const std::string& space = "default", const std::string& prefix = "") const;
  QueueDescription describe(const std::string& queue) const;
  // Waits until nothing is unfinished in all of these queues (of one namespace) at one instant.
  std::vector<QueueCounts> join(const std::vector<std::string>& queues, const JoinOptions& options = {}) const;

  // Ends the connection now, for all copies: waiting calls throw Cancelled, leases are released. Idempotent.
  void close() const;

 private:
  explicit Client(std::shared_ptr<detail::Link> link) : link_(std::move(link)) {}
  std::shared_ptr<detail::Link> link_;
};

}  // namespace sluice
