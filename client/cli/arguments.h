// Options that several commands share, read with their units; what makes no sense is a usage error that says what does.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sluice/types.h>
#include <CLI/CLI.hpp>

namespace sluice::cli {

// The targets outlive the parser: they belong to the command's action.
CLI::Option* AddQueue(CLI::App& app, std::string* queue);
CLI::Option* AddDuration(CLI::App& app, const std::string& name, std::optional<std::chrono::milliseconds>* target,
                         const std::string& help);
CLI::Option* AddDuration(CLI::App& app, const std::string& name, std::chrono::milliseconds* target,
                         const std::string& help);
CLI::Option* AddSize(CLI::App& app, const std::string& name, std::optional<std::int64_t>* target,
                     const std::string& help);
// A whole number from `least`.
CLI::Option* AddNumber(CLI::App& app, const std::string& name, std::uint64_t* target, std::uint64_t least,
                       const std::string& help);
// A whole number of either sign.
CLI::Option* AddInteger(CLI::App& app, const std::string& name, std::int64_t* target, const std::string& help);
CLI::Option* AddFences(CLI::App& app, std::vector<std::uint64_t>* fences);
// --header NAME=VALUE, repeatable.
CLI::Option* AddHeaders(CLI::App& app, std::vector<std::pair<std::string, std::string>>* headers);

// The settings that a command line gave, for create and for update.
struct SettingsArguments {
  Order order = Order::kFifo;
  Durability durability = Durability::kMemory;
  bool paused = false;
  QueueUpdate given;

  QueueSettings ForCreate() const;
  // For a command that makes the queue only with --create: nullopt without it. Settings alone are a usage error.
  std::optional<QueueSettings> ForCreate(bool create) const;
};

// --maxsize, --max-bytes, --count-leased, --max-attempts: what can be changed live.
void AddLiveSettings(CLI::App& app, SettingsArguments* settings);
// Those, --order, --durability and --paused.
void AddAllSettings(CLI::App& app, SettingsArguments* settings);
// --lease, of the queue. Apart, because `get` has a --lease of its own.
void AddQueueLease(CLI::App& app, SettingsArguments* settings);

}  // namespace sluice::cli
