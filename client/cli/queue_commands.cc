// Queues as things to create, change, look at and delete.
#include <memory>

#include <CLI/CLI.hpp>

#include "client/cli/arguments.h"
#include "client/cli/commands.h"
#include "client/cli/failure.h"
#include "client/cli/json.h"
#include "client/cli/table.h"
#include "client/cli/units.h"

namespace sluice::cli {
namespace {

std::string Bound(std::int64_t value, bool bytes) {
  if (value == 0) return "none";
  return bytes ? FormatBytes(static_cast<std::uint64_t>(value)) : FormatCount(static_cast<std::uint64_t>(value));
}

using Facts = std::vector<std::pair<std::string, std::string>>;

Facts SettingsFacts(const QueueSettings& settings) {
  return {{"order", std::string(OrderName(settings.order))},
          {"maxsize", Bound(settings.maxsize, false)},
          {"max bytes", Bound(settings.max_bytes, true)},
          {"bounds count", settings.count_leased ? "ready and leased items" : "ready items"},
          {"durability", std::string(DurabilityName(settings.durability))},
          {"lease", FormatDuration(settings.lease)},
          {"max attempts", settings.max_attempts == 0 ? "no limit" : std::to_string(settings.max_attempts)},
          {"paused", settings.paused ? "yes" : "no"}};
}

Facts StatsFacts(const QueueStats& stats) {
  const auto both = [](std::uint64_t items, std::uint64_t bytes) {
    return FormatCount(items) + (items == 0 ? "" : "  (" + FormatBytes(bytes) + ")");
  };
  return {{"state", std::string(stats.shut_down ? "shut down" : "open") + (stats.paused ? ", paused" : "") +
                        (stats.full ? ", full" : "")},
          {"ready", both(stats.ready, stats.ready_bytes)},
          {"leased", both(stats.leased, stats.leased_bytes)},
          {"unfinished", FormatCount(stats.unfinished)},
          {"oldest ready", stats.ready == 0 ? "-" : FormatDuration(stats.oldest_ready_age)},
          {"put", FormatCount(stats.put)},
          {"delivered", FormatCount(stats.delivered)},
          {"redelivered", FormatCount(stats.redelivered)},
          {"done", FormatCount(stats.done)},
          {"dead", FormatCount(stats.dead)},
          {"expired", FormatCount(stats.expired)},
          {"discarded", FormatCount(stats.discarded)},
          {"waiting", FormatCount(stats.waiting_getters) + " getters, " + FormatCount(stats.waiting_putters) +
                          " putters, " + FormatCount(stats.waiting_joiners) + " joiners"}};
}

void ShowSettings(Context& context, const std::string& queue, const QueueSettings& settings) {
  if (context.json) return context.out.WriteLine(Dump({{"queue", queue}, {"settings", ToJson(settings)}}));
  PrintFacts(context.out, SettingsFacts(settings));
}

void ShowList(Context& context, const std::vector<QueueDescription>& queues) {
  using Align = Table::Align;
  Table table({{"QUEUE"},
               {"READY", Align::kRight},
               {"LEASED", Align::kRight},
               {"MAXSIZE", Align::kRight},
               {"DONE", Align::kRight},
               {"DEAD", Align::kRight},
               {"GETTERS", Align::kRight},
               {"PUTTERS", Align::kRight},
               {"ORDER"},
               {"STATE"}});
  for (const QueueDescription& queue : queues) {
    const QueueStats& stats = queue.stats;
    table.AddRow({queue.queue, FormatCount(stats.ready), FormatCount(stats.leased),
                  Bound(queue.settings.maxsize, false), FormatCount(stats.done), FormatCount(stats.dead),
                  FormatCount(stats.waiting_getters), FormatCount(stats.waiting_putters),
                  std::string(OrderName(queue.settings.order)),
                  std::string(stats.shut_down ? "shut down"
                              : stats.paused  ? "paused"
                                              : "open")});
  }
  table.Print(context.out);
}

struct ListArguments {
  std::string space = "default";
  std::string prefix;
  bool names = false;
};

int List(Context& context, const ListArguments& arguments) {
  const std::vector<QueueDescription> queues = context.Connect().list(arguments.space, arguments.prefix);
  if (context.json) {
    Json list = Json::array();
    for (const QueueDescription& queue : queues) list.push_back(ToJson(queue));
    context.out.WriteLine(Dump({{"namespace", arguments.space}, {"queues", list}}));
  } else if (arguments.names) {
    for (const QueueDescription& queue : queues) context.out.WriteLine(queue.queue);
  } else if (!queues.empty() || context.out.terminal()) {
    ShowList(context, queues);
  }
  return kOk;
}

// Says how many items a command removed.
int ShowRemoved(Context& context, const std::string& queue, const char* verb, std::uint64_t discarded) {
  if (context.json) {
    context.out.WriteLine(Dump({{"queue", queue}, {verb, true}, {"discarded", discarded}}));
  } else {
    context.out.WriteLine(std::string(verb) + " " + queue + ", " + FormatCount(discarded) + " items discarded");
  }
  return kOk;
}

// A command whose only argument is a queue.
Command OnQueue(std::string name, std::string summary, std::string example,
                std::function<int(Context&, const std::string&)> run) {
  return {std::move(name), std::move(summary), std::move(example), [run = std::move(run)](CLI::App& app) -> Action {
            auto queue = std::make_shared<std::string>();
            AddQueue(app, queue.get());
            return [=](Context& context) { return run(context, *queue); };
          }};
}

Command SetPaused(std::string name, std::string summary, bool paused) {
  std::string example = "sluice " + name + " jobs";
  return OnQueue(std::move(name), std::move(summary), std::move(example),
                 [=](Context& context, const std::string& queue) {
                   ShowSettings(context, queue, context.Connect().update(queue, {.paused = paused}));
                   return static_cast<int>(kOk);
                 });
}

}  // namespace

Command CreateCommand() {
  return {"create", "make a queue; does nothing when it exists with equal settings",
          "sluice create jobs --maxsize 100 --max-attempts 5", [](CLI::App& app) -> Action {
            auto queue = std::make_shared<std::string>();
            auto settings = std::make_shared<SettingsArguments>();
            AddQueue(app, queue.get());
            AddAllSettings(app, settings.get());
            AddQueueLease(app, settings.get());
            return [=](Context& context) -> int {
              const bool created = context.Connect().create(*queue, settings->ForCreate());
              if (context.json) {
                context.out.WriteLine(Dump({{"queue", *queue}, {"created", created}}));
              } else {
                context.out.WriteLine(*queue + (created ? " created" : " exists with these settings"));
              }
              return kOk;
            };
          }};
}

Command UpdateCommand() {
  return {"update", "change settings live; shrinking evicts nothing", "sluice update jobs --maxsize 200",
          [](CLI::App& app) -> Action {
            auto queue = std::make_shared<std::string>();
            auto settings = std::make_shared<SettingsArguments>();
            AddQueue(app, queue.get());
            AddLiveSettings(app, settings.get());
            AddQueueLease(app, settings.get());
            return [=](Context& context) -> int {
              const QueueUpdate& given = settings->given;
              if (!given.maxsize && !given.max_bytes && !given.count_leased && !given.lease && !given.max_attempts) {
                throw UsageError(
                    "update: nothing to change; give --maxsize, --max-bytes, --count-leased, --lease or "
                    "--max-attempts");
              }
              ShowSettings(context, *queue, context.Connect().update(*queue, given));
              return kOk;
            };
          }};
}

Command DeleteCommand() {
  return OnQueue("delete", "remove a queue and its items; waiting callers are told", "sluice delete jobs",
                 [](Context& context, const std::string& queue) {
                   return ShowRemoved(context, queue, "deleted", context.Connect().remove(queue));
                 });
}

Command PurgeCommand() {
  return OnQueue("purge", "discard what is ready; leased items stay", "sluice purge jobs",
                 [](Context& context, const std::string& queue) {
                   return ShowRemoved(context, queue, "purged", context.Open(queue).purge());
                 });
}

Command PauseCommand() { return SetPaused("pause", "make gets wait; puts go on", true); }
Command ResumeCommand() { return SetPaused("resume", "end a pause", false); }

Command ListCommand() {
  return {"list", "the queues of a namespace", "sluice list --namespace default", [](CLI::App& app) -> Action {
            auto arguments = std::make_shared<ListArguments>();
            app.add_option("PREFIX", arguments->prefix, "only queues whose names start so");
            app.add_option("--namespace", arguments->space, "default: default");
            app.add_flag("--names", arguments->names, "only the names, one a line");
            return [=](Context& context) { return List(context, *arguments); };
          }};
}

Command DescribeCommand() {
  return OnQueue("describe", "settings and counts of a queue", "sluice describe jobs",
                 [](Context& context, const std::string& queue) -> int {
                   const QueueDescription description = context.Connect().describe(queue);
                   if (context.json) {
                     context.out.WriteLine(Dump(ToJson(description)));
                     return kOk;
                   }
                   Facts facts{{"queue", description.queue}, {"created", FormatTime(description.created)}};
                   for (auto& fact : SettingsFacts(description.settings)) facts.push_back(std::move(fact));
                   for (auto& fact : StatsFacts(description.stats)) facts.push_back(std::move(fact));
                   PrintFacts(context.out, facts);
                   return kOk;
                 });
}

Command StatsCommand() {
  return OnQueue("stats", "counts of a queue, one consistent snapshot", "sluice stats jobs --json",
                 [](Context& context, const std::string& queue) -> int {
                   const QueueStats stats = context.Open(queue).stats();
                   if (context.json) {
                     Json json{{"queue", queue}};
                     json.update(ToJson(stats));
                     context.out.WriteLine(Dump(json));
                   } else {
                     PrintFacts(context.out, StatsFacts(stats));
                   }
                   return kOk;
                 });
}

}  // namespace sluice::cli
