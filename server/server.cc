#include "server/server.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <grpc/grpc.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <spdlog/spdlog.h>
#include <asio/post.hpp>

#include "server/address.h"
#include "server/journal/rocksdb_journal.h"
#include "server/rpc/connection_settings.h"

namespace sluice::server {
namespace {

using namespace std::chrono_literals;

// Health watchers and reflection streams have nothing to wait for: they are cut off this long after our own calls.
constexpr auto kOthersLinger = 100ms;
constexpr auto kStorageInterval = 500ms;
constexpr auto kProgressInterval = 1s;

// gRPC's library ends with its last object, and then waits up to 10 s for a poller of its own: it had better never end.
void KeepGrpc() {
  static const bool kept = (grpc_init(), true);
  static_cast<void>(kept);
}

// Behind what is wrong with a data directory.
std::string Advice(journal::Result result, const std::string& directory) {
  if (!journal::IsDamage(result)) return {};
  return ". What is damaged, and what not, says: sluiced --verify " + directory;
}

}  // namespace

std::unique_ptr<Server> Server::Start(const Config& config, const Clock& clock, std::string* error) {
  std::unique_ptr<journal::Journal> journal;
  if (!config.data_dir.empty()) {
    journal::Health failure;
    journal = journal::RocksDbJournal::Open(config.data_dir, journal::RocksDbOptions{}, &failure);
    if (!journal) {
      *error = failure.text + Advice(failure.result, config.data_dir);
      return nullptr;
    }
  }
  std::unique_ptr<Server> server(new Server(config, clock, std::move(journal)));
  if (server->journal_) server->free_bytes_ = server->journal_->free_bytes();
  if (!server->Recover(error) || !server->Listen(error)) return nullptr;
  server->transport_->Start();
  if (server->journal_) server->WatchStorage();
  server->io_thread_ = std::thread([io = &server->io_] { io->run(); });
  return server;
}

Server::Server(const Config& config, const Clock& clock, std::unique_ptr<journal::Journal> journal)
    : config_(config),
      keep_io_(io_.get_executor()),
      timers_(io_, clock, [this] { return broker_.RunDue(); }),
      journal_(std::move(journal)),
      storage_watch_([this](bool serving) { transport_->SetServing(serving); }),
      broker_(config.broker, clock, StorageOfBroker(), [this] { timers_.Wake(); }),
      backups_(journal_.get(), config.backup_dir),
      transport_(rpc::MakeCompletionQueueTransport(
          broker_,
          {.take_backup = [this](const std::string& name, auto done) { backups_.Take(name, std::move(done)); },
           .describe = [this] { return Describe(); }},
          config.threads)) {}

Server::~Server() {
  Drain();
  disk_.join();
}

broker::Storage Server::StorageOfBroker() {
  broker::Storage storage;
  storage.journal = journal_.get();
  storage.run_blocking = [this](std::function<void()> task) { asio::post(disk_, std::move(task)); };
  storage.report = [this](const std::string& trouble) { storage_watch_.NamespaceFailed(trouble); };
  storage.note = [](const std::string& what) { spdlog::warn("{}", what); };
  return storage;
}

bool Server::Recover(std::string* error) {
  if (!journal_) return true;
  const auto began = std::chrono::steady_clock::now();
  auto told = began;
  std::uint64_t batches = 0;
  std::size_t spaces = 0, queues = 0, items = 0;
  const journal::Result recovered = broker_.Recover(
      [&](const broker::RecoveredSpace& space) {
        if (!space.done) {
          if (std::chrono::steady_clock::now() - told < kProgressInterval) return;
          told = std::chrono::steady_clock::now();
          spdlog::info("recovering namespace '{}': {} of {} batches, {} items so far", space.space, space.batches,
                       space.of_batches, space.items);
          return;
        }
        ++spaces;
        queues += space.queues;
        items += space.items;
        batches += space.batches;
        spdlog::info("recovered namespace '{}': {} queues, {} items, {} sessions, from {} batches", space.space,
                     space.queues, space.items, space.sessions, space.batches);
      },
      error);
  if (recovered != journal::Result::kOk) {
    *error += Advice(recovered, config_.data_dir);
    return false;
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  spdlog::info("recovered {} namespaces, {} queues, {} items from {} batches in {} ms", spaces, queues, items, batches,
               took.count());
  return true;
}

rpc::ServerStatus Server::Describe() const {
  rpc::ServerStatus status;
  status.uptime = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started_);
  status.broker = broker_.Status();
  status.free_bytes = free_bytes_;
  status.serving = storage_watch_.serving() && !status.broker.draining;
  if (status.broker.storage) {
    journal::Health& health = status.broker.storage->health;
    health = storage_watch_.WithFailures(std::move(health));
  }
  return status;
}

// Not by the io context: a disk that hangs is no reason for timers to hang.
void Server::AskForSpace() {
  if (asks_for_space_.exchange(true)) return;
  asio::post(disk_, [this] {
    free_bytes_ = journal_->free_bytes();
    asks_for_space_ = false;
  });
}

void Server::WatchStorage() {
  storage_watch_.Look(journal_->health());
  AskForSpace();
  storage_timer_.expires_after(kStorageInterval);
  storage_timer_.async_wait([this](const std::error_code& never) {
    if (!never) WatchStorage();
  });
}

bool Server::Listen(std::string* error) {
  std::vector<Address> wanted;
  for (const std::string& text : config_.listen) {
    wanted.push_back(Address::Parse(text).value());  // the configuration was validated
    if (auto problem = wanted.back().Prepare()) {
      *error = std::move(*problem);
      return false;
    }
  }
  KeepGrpc();
  grpc::ServerBuilder builder;
  rpc::ApplyConnectionSettings(builder);
  transport_->Register(builder);
  std::vector<int> ports(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    builder.AddListeningPort(wanted[i].ToString(), grpc::InsecureServerCredentials(), &ports[i]);
  }
  grpc_ = builder.BuildAndStart();
  const auto failed = std::find(ports.begin(), ports.end(), 0);
  if (!grpc_ || failed != ports.end()) {
    const std::size_t which = failed == ports.end() ? 0 : static_cast<std::size_t>(failed - ports.begin());
    *error = "cannot listen on " + wanted[which].ToString() + ": another program, or another --listen, has taken it";
    return false;
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i].is_unix()) wanted[i].port = static_cast<std::uint16_t>(ports[i]);
    addresses_.push_back(wanted[i].ToString());
  }
  return true;
}

void Server::Drain() {
  if (!transport_) return;
  const auto deadline = std::chrono::steady_clock::now() + config_.drain_timeout;
  if (grpc_) {
    transport_->StopServing();
    broker_.Drain();
    transport_->Drain();
    const bool idle = transport_->WaitUntilIdle(deadline);
    grpc_->Shutdown(std::chrono::system_clock::now() + (idle ? kOthersLinger : 0ms));
  }
  transport_->Stop();
  io_.stop();
  if (io_thread_.joinable()) io_thread_.join();
  grpc_.reset();
  transport_.reset();
}

}  // namespace sluice::server
