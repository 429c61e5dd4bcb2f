// What can be configured, once for the command line and the configuration file: one table of settings.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/limits.h"
#include "server/broker/broker.h"

namespace sluice::server {

enum class LogFormat { kText, kJson };
enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct Config {
  std::vector<std::string> listen = {"127.0.0.1:7171"};
  std::string port_file;   // empty: none
  std::string data_dir;    // empty: queues live in memory
  std::string backup_dir;  // empty: no backups are taken
  int threads = DefaultThreads();
  broker::BrokerOptions broker;
  std::chrono::milliseconds drain_timeout = limits::kDrain;
  LogFormat log_format = LogFormat::kText;
  LogLevel log_level = LogLevel::kInfo;

  // One for every four cores, at most 16: more are not worth their memory. All threads wait on one set of sockets, so a
  // call may hop between them, and each of them takes a core that clients on the same machine want: on 2 cores one
  // thread does half as much again as two.
  static int DefaultThreads(unsigned cores = std::thread::hardware_concurrency());
};

struct Setting {
  std::string name;        // `--name VALUE`, and in the file `name = VALUE`
  std::string value_name;  // "SIZE", "HOST:PORT|unix:PATH"
  std::string section;     // of the help
  std::string help;        // with the default
  bool many = false;       // may be given several times; in the file: an array
  // Changes `config`; or leaves it and returns what is wrong with the value and what is allowed.
  std::function<std::optional<std::string>(Config& config, const std::vector<std::string>& values)> apply;
};

// In the order of the help.
const std::vector<Setting>& Settings();

// Applies a TOML file of settings to `config`. Returns nullopt; or "FILE:LINE: what is wrong and what is allowed",
// with `config` partly changed.
std::optional<std::string> ApplyFile(const std::string& path, Config& config);

}  // namespace sluice::server
