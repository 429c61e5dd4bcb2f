// How the server and its storage are, for people and for programs.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sluice/server_status.h>
#include <CLI/CLI.hpp>

#include "client/cli/commands.h"
#include "client/cli/failure.h"
#include "client/cli/json.h"
#include "client/cli/server_metrics.h"
#include "client/cli/table.h"
#include "client/cli/units.h"

namespace sluice::cli {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

// Name and value of each fact that the server tells of itself.
Facts FactsOf(const ServerStatus& status) {
  Facts facts{{"version", status.version},
              {"up for", FormatDuration(status.uptime)},
              {"namespaces", FormatCount(status.namespaces)},
              {"queues", FormatCount(status.queues)},
              {"sessions", FormatCount(status.sessions)},
              {"waiting calls", FormatCount(status.waiting_calls)},
              {"memory", FormatBytes(status.memory_bytes) + " of " + FormatBytes(status.memory_limit_bytes)}};
  if (!status.storage) {
    facts.emplace_back("storage", "none: queues live in memory");
    return facts;
  }
  const StorageStatus& storage = *status.storage;
  std::string state(StorageStateName(storage.state));
  if (storage.free_bytes) state += ", " + FormatBytes(*storage.free_bytes) + " free";
  facts.emplace_back("storage", std::move(state));
  if (!storage.trouble.empty()) facts.emplace_back("trouble", storage.trouble);
  facts.emplace_back("batches", FormatCount(storage.batches) + ", " + FormatBytes(storage.bytes));
  facts.emplace_back("syncs", FormatCount(storage.syncs));
  facts.emplace_back("refused batches", FormatCount(storage.refused));
  facts.emplace_back("disk failures", FormatCount(storage.failures));
  return facts;
}

Json ToJson(const ServerStatus& status) {
  Json json{{"status", status.serving ? "serving" : "not serving"},
            {"version", status.version},
            {"uptime_ms", status.uptime.count()},
            {"namespaces", status.namespaces},
            {"queues", status.queues},
            {"sessions", status.sessions},
            {"waiting_calls", status.waiting_calls},
            {"memory_bytes", status.memory_bytes},
            {"memory_limit_bytes", status.memory_limit_bytes}};
  if (!status.storage) return json;
  const StorageStatus& storage = *status.storage;
  Json& to = json["storage"] = {{"state", StorageStateName(storage.state)}, {"trouble", storage.trouble}};
  if (storage.free_bytes) to["free_bytes"] = *storage.free_bytes;
  to["batches"] = storage.batches;
  to["bytes"] = storage.bytes;
  to["syncs"] = storage.syncs;
  to["refused"] = storage.refused;
  to["failures"] = storage.failures;
  return json;
}

ServerStatus Ask(const Context& context) {
  return get_server_status(context.address, {.timeout = context.connect_timeout, .stop = context.interrupt.token()});
}

int PrintStatus(Context& context) {
  const ServerStatus status = Ask(context);
  if (context.json) {
    Json json{{"address", context.address}};
    json.update(ToJson(status));
    context.out.WriteLine(Dump(json));
  } else {
    context.out.WriteLine(context.address + (status.serving ? " serving" : " not serving"));
    PrintFacts(context.out, FactsOf(status));
  }
  return kOk;
}

// That a server does not answer is a metric, too.
int PrintMetrics(Context& context) {
  if (context.json) throw UsageError("--metrics is a format of its own: leave out --json");
  try {
    context.out.Write(FormatMetrics(context.address, Ask(context)));
  } catch (const Unavailable&) {
    context.out.Write(FormatMetrics(context.address, std::nullopt));
    throw;
  }
  return kOk;
}

}  // namespace

Command StatusCommand() {
  return {"status", "how the server and its storage are; exit 0 when it answers, 6 when not", "sluice status --metrics",
          [](CLI::App& app) -> Action {
            auto metrics = std::make_shared<bool>(false);
            app.add_flag("--metrics", *metrics, "in the text format of Prometheus");
            return [=](Context& context) -> int { return *metrics ? PrintMetrics(context) : PrintStatus(context); };
          }};
}

}  // namespace sluice::cli
