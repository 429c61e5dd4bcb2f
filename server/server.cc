#include "server/server.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <grpc/grpc.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "server/address.h"
#include "server/rpc/connection_settings.h"

namespace sluice::server {
namespace {

using namespace std::chrono_literals;

// Health watchers and reflection streams have nothing to wait for: they are cut off this long after our own calls.
constexpr auto kOthersLinger = 100ms;

// gRPC's library ends with its last object, and then waits up to 10 s for a poller of its own: it had better never end.
void KeepGrpc() {
  static const bool kept = (grpc_init(), true);
  static_cast<void>(kept);
}

}  // namespace

std::unique_ptr<Server> Server::Start(const Config& config, const Clock& clock, std::string* error) {
  std::unique_ptr<Server> server(new Server(config, clock));
  if (!server->Listen(error)) return nullptr;
  server->transport_->Start();
  server->io_thread_ = std::thread([io = &server->io_] { io->run(); });
  return server;
}

Server::Server(const Config& config, const Clock& clock)
    : config_(config),
      keep_io_(io_.get_executor()),
      timers_(io_, clock, [this] { return broker_.RunDue(); }),
      broker_(config.broker, clock, journal_, [this] { timers_.Wake(); }),
      transport_(rpc::MakeCompletionQueueTransport(broker_, config.threads)) {}

Server::~Server() { Drain(); }

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
