// sluiced.
#include <malloc.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>

#include <absl/synchronization/mutex.h>
#include <spdlog/spdlog.h>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include "server/command_line.h"
#include "server/log.h"
#include "server/port_file.h"
#include "server/server.h"
#include "server/system_limits.h"
#include "server/units.h"
#include "server/verify.h"

namespace sluice::server {
namespace {

using namespace std::chrono_literals;

// After the drain timeout nothing keeps the process, not even a connection that gRPC would like to wait for.
constexpr auto kCutOff = 500ms;

// Serves until a signal. Returns the exit code.
int Serve(const Config& config) {
  for (const std::string& warning : PrepareSystemLimits()) spdlog::warn("{}", warning);
  std::string error;
  const auto server = Server::Start(config, SteadyClock::Get(), &error);
  if (!server) {
    spdlog::error("{}", error);
    return kExitCannotServe;
  }
  PortFile port_file;
  std::promise<int> stop;
  asio::signal_set signals(server->io(), SIGTERM, SIGINT);
  asio::steady_timer cut_off(server->io());
  signals.async_wait([&](const std::error_code& never, int first) {
    if (never) return;
    cut_off.expires_after(config.drain_timeout + kCutOff);
    cut_off.async_wait([&](const std::error_code& cancelled) {
      if (cancelled) return;
      spdlog::warn("stopped; some clients did not take their answers");
      port_file.Remove();
      std::_Exit(kExitOk);
    });
    signals.async_wait([&](const std::error_code& cancelled, int second) {
      if (cancelled) return;
      port_file.Remove();
      std::_Exit(128 + second);
    });
    stop.set_value(first);
  });
  spdlog::info("sluiced {}: {} threads, {} for items", SLUICE_VERSION, config.threads,
               FormatSize(config.broker.memory_bytes));
  if (config.data_dir.empty()) {
    spdlog::warn("queues live in memory: they end with this process; --data-dir DIR keeps them");
  } else {
    spdlog::info("durable queues are kept in {}", config.data_dir);
  }
  for (const std::string& address : server->addresses()) spdlog::info("listening on {}", address);
  if (!config.port_file.empty()) {
    if (const auto problem = port_file.Write(config.port_file, server->addresses())) {
      spdlog::error("{}", *problem);
      return kExitCannotServe;
    }
  }
  const int signal = stop.get_future().get();
  const auto status = server->broker().Status();
  spdlog::info("{}: draining {} waiting calls and {} sessions; a second signal ends at once",
               signal == SIGTERM ? "SIGTERM" : "SIGINT", status.waiters, status.sessions);
  server->Drain();
  spdlog::info("stopped");
  return kExitOk;
}

}  // namespace
}  // namespace sluice::server

int main(int argc, char** argv) {
  // Process-wide and costly: a quarter of a unary call. Clang's annotations and TSan watch over our locks.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // Messages come and go: their memory is not given back to the system and asked for again with each.
  ::mallopt(M_MMAP_THRESHOLD, 4 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 16 << 20);
  std::signal(SIGPIPE, SIG_IGN);  // a closed log pipe is no reason to die
  std::signal(SIGXFSZ, SIG_IGN);  // nor is a file that may not grow
  using namespace sluice::server;
  const CommandLine command_line =
      ParseCommandLine(std::vector<std::string>(argv + 1, argv + argc), std::cout, std::cerr);
  if (command_line.exit_code) return *command_line.exit_code;
  if (!command_line.verify.empty()) return Verify(command_line.verify, std::cout) ? kExitOk : kExitCannotServe;
  SetUpLogging(command_line.config.log_format, command_line.config.log_level);
  return Serve(command_line.config);
}
