#include "server/config.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "server/address.h"
#include "server/units.h"

namespace sluice::server {
namespace {

using namespace std::chrono_literals;

constexpr int kMaxDefaultThreads = 16;
constexpr unsigned kCoresPerThread = 4;
constexpr int kMaxThreads = 64;
constexpr std::size_t kMinMemory = 1u << 20;
constexpr std::size_t kMaxCount = 10'000'000;  // more is a slip of the keyboard
constexpr std::chrono::milliseconds kMaxWait = 1h;

using Problem = std::optional<std::string>;
using Values = std::vector<std::string>;

std::string Quoted(const std::string& value) { return "\"" + value + "\""; }

std::optional<std::uint64_t> ParseCount(const std::string& text) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return count;
}

// A setting that is one whole number; `field` is where it goes.
template <typename Field>
Setting Count(std::string name, std::string help, std::uint64_t least, std::uint64_t most, Field field) {
  const auto apply = [=](Config& config, const Values& values) -> Problem {
    const auto count = ParseCount(values.back());
    if (!count || *count < least || *count > most) {
      return Quoted(values.back()) + " is not allowed; allowed: a whole number from " + std::to_string(least) + " to " +
             std::to_string(most);
    }
    auto& target = field(config);
    target = static_cast<std::remove_reference_t<decltype(target)>>(*count);
    return std::nullopt;
  };
  return {std::move(name), "N", "Limits", std::move(help), false, apply};
}

template <typename Field>
Setting Time(std::string name, std::string section, std::string help, Field field) {
  const auto apply = [=](Config& config, const Values& values) -> Problem {
    const auto time = ParseDuration(values.back());
    if (!time || *time > kMaxWait) {
      return Quoted(values.back()) + " is not allowed; allowed: a whole number with ms, s or m, from 0s to " +
             FormatDuration(kMaxWait);
    }
    field(config) = *time;
    return std::nullopt;
  };
  return {std::move(name), "TIME", std::move(section), std::move(help), false, apply};
}

template <typename Field>
Setting Directory(std::string name, std::string help, Field field) {
  const auto apply = [=](Config& config, const Values& values) -> Problem {
    if (values.back().empty()) return "an empty path; allowed: a path of a directory";
    field(config) = values.back();
    return std::nullopt;
  };
  return {std::move(name), "DIR", "Storage", std::move(help), false, apply};
}

// A setting that is one of a few words.
template <typename Value, typename Field>
Setting Choice(std::string name, std::string help, std::vector<std::pair<std::string, Value>> choices, Field field) {
  std::string words;
  for (const auto& [word, value] : choices) words += (words.empty() ? "" : "|") + word;
  const auto apply = [=](Config& config, const Values& values) -> Problem {
    for (const auto& [word, value] : choices) {
      if (word != values.back()) continue;
      field(config) = value;
      return std::nullopt;
    }
    return Quoted(values.back()) + " is not allowed; allowed: " + words;
  };
  return {std::move(name), words, "Logs", std::move(help), false, apply};
}

Problem ApplyListen(Config& config, const Values& values) {
  if (values.empty()) return "nothing to listen on; allowed: " + std::string(kAddressForms);
  for (const std::string& value : values) {
    if (!Address::Parse(value)) return Quoted(value) + " is not an address; allowed: " + std::string(kAddressForms);
  }
  config.listen = values;
  return std::nullopt;
}

Problem ApplyMemory(Config& config, const Values& values) {
  const auto size = ParseSize(values.back());
  if (!size || *size < kMinMemory) {
    return Quoted(values.back()) + " is not allowed; allowed: a whole number with KiB, MiB or GiB, at least " +
           FormatSize(kMinMemory);
  }
  config.broker.memory_bytes = *size;
  return std::nullopt;
}

Problem ApplyPortFile(Config& config, const Values& values) {
  if (values.back().empty()) return "an empty path; allowed: a path of a file to write";
  config.port_file = values.back();
  return std::nullopt;
}

std::vector<Setting> MakeSettings() {
  const Config defaults;
  const auto by_default = [](const std::string& value) { return " [" + value + "]"; };
  const auto count = [&](std::uint64_t value) { return by_default(std::to_string(value)); };
  std::vector<Setting> settings;
  settings.push_back({"listen", std::string(kAddressForms), "Listening",
                      "address to serve on; port 0 takes a free one" + by_default(defaults.listen.front()), true,
                      ApplyListen});
  settings.push_back({"port-file", "PATH", "Listening",
                      "once ready, write the addresses in use there, one a line; removed at exit", false,
                      ApplyPortFile});
  settings.push_back(Directory(
      "data-dir",
      "directory of the durable queues, made if it is missing; one server at a time uses it [none: queues live in "
      "memory and end with the process]",
      [](Config & config) -> auto& { return config.data_dir; }));
  settings.push_back(Directory(
      "backup-dir",
      "directory in which `sluice backup NAME` makes the directory NAME, best on another disk [none: no backups]",
      [](Config & config) -> auto& { return config.backup_dir; }));
  settings.push_back(
      {"memory", "SIZE", "Limits",
       "memory for items; beyond it puts wait or fail with FULL" + by_default(FormatSize(defaults.broker.memory_bytes)),
       false, ApplyMemory});
  settings.push_back(Count(
      "max-queues", "queues of the whole server" + count(defaults.broker.max_queues), 1, kMaxCount,
      [](Config & config) -> auto& { return config.broker.max_queues; }));
  settings.push_back(Count(
      "max-waiters", "calls that wait at the same time" + count(defaults.broker.max_waiters), 1, kMaxCount,
      [](Config & config) -> auto& { return config.broker.max_waiters; }));
  settings.push_back(Count(
      "max-sessions", "sessions, connected or in their grace period" + count(defaults.broker.max_sessions), 1,
      kMaxCount, [](Config & config) -> auto& { return config.broker.max_sessions; }));
  settings.push_back(Count(
      "threads", "threads that serve calls [one per four cores, at most 16]", 1, kMaxThreads,
      [](Config & config) -> auto& { return config.threads; }));
  settings.push_back(Time(
      "grace", "Limits",
      "how long a session without a connection keeps its leases and turns" +
          by_default(FormatDuration(defaults.broker.grace)),
      [](Config & config) -> auto& { return config.broker.grace; }));
  settings.push_back(Time(
      "drain-timeout", "Stopping",
      "after SIGTERM, how long answers may take to leave" + by_default(FormatDuration(defaults.drain_timeout)),
      [](Config & config) -> auto& { return config.drain_timeout; }));
  settings.push_back(Choice(
      "log-format", "how log lines look" + by_default("text"),
      std::vector<std::pair<std::string, LogFormat>>{{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
      [](Config & config) -> auto& { return config.log_format; }));
  settings.push_back(Choice(
      "log-level", "the least that is logged" + by_default("info"),
      std::vector<std::pair<std::string, LogLevel>>{{"debug", LogLevel::kDebug},
                                                    {"info", LogLevel::kInfo},
                                                    {"warning", LogLevel::kWarning},
                                                    {"error", LogLevel::kError}},
      [](Config & config) -> auto& { return config.log_level; }));
  return settings;
}

}  // namespace

int Config::DefaultThreads(unsigned cores) {
  return std::clamp(static_cast<int>(cores / kCoresPerThread), 1, kMaxDefaultThreads);
}

const std::vector<Setting>& Settings() {
  static const std::vector<Setting> settings = MakeSettings();
  return settings;
}

}  // namespace sluice::server
