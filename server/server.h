// The whole server in one object: broker, timers and gRPC, from start to drain.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>

#include <sluice/clock.h>

#include "server/backups.h"
#include "server/broker/broker.h"
#include "server/config.h"
#include "server/journal/journal.h"
#include "server/rpc/server_hooks.h"
#include "server/rpc/transport.h"
#include "server/storage_watch.h"
#include "server/timers.h"

namespace grpc {
class Server;
}

namespace sluice::server {

// Thread safety: as noted; what is not noted, by one thread at a time.
class Server {
 public:
  // Serves when this returns. Null when it cannot; then `*error` says why and what to do.
  // Borrows: `clock`, for life.
  static std::unique_ptr<Server> Start(const Config& config, const Clock& clock, std::string* error);
  // Drains.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // What is listened on, with the ports in use.
  const std::vector<std::string>& addresses() const { return addresses_; }
  // Runs in a thread of its own until the server has drained. Thread safety: any.
  asio::io_context& io() { return io_; }
  // Thread safety: any.
  broker::Broker& broker() { return broker_; }

  // Refuses new work, answers every waiting call with UNAVAILABLE, lets the answers leave, ends. Idempotent.
  // Blocks: until everything is gone. After the drain timeout calls are cut off; but gRPC holds on to a connection
  // whose other end takes no bytes until the ping timeout, too.
  void Drain();

 private:
  Server(const Config& config, const Clock& clock, std::unique_ptr<journal::Journal> journal);
  broker::Storage StorageOfBroker();
  // Serves what the journal has.
  bool Recover(std::string* error);
  bool Listen(std::string* error);
  // Thread safety: any.
  rpc::ServerStatus Describe() const;
  // Now, and then every so often, by the io context.
  void WatchStorage();
  void AskForSpace();

  const Config config_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::vector<std::string> addresses_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> keep_io_;
  Timers timers_;
  std::unique_ptr<journal::Journal> journal_;  // null: queues live in memory
  asio::thread_pool disk_{1};                  // reads contents, takes namespaces over
  StorageWatch storage_watch_;
  std::atomic<std::uint64_t> free_bytes_{UINT64_MAX};  // on the journal's disk, as of the last look
  std::atomic<bool> asks_for_space_{false};
  broker::Broker broker_;
  Backups backups_;
  asio::steady_timer storage_timer_{io_};
  std::unique_ptr<rpc::Transport> transport_;
  std::unique_ptr<grpc::Server> grpc_;
  std::thread io_thread_;
};

}  // namespace sluice::server
