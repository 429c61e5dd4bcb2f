// The end of a queue's work: waiting for it, ordering it, undoing that.
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

struct JoinArguments {
  std::vector<std::string> queues;
  std::optional<std::chrono::milliseconds> timeout;
  bool only_put_before = false;
};

int Join(Context& context, const JoinArguments& arguments) {
  const std::vector<QueueCounts> queues = context.Connect().join(
      arguments.queues,
      {.timeout = arguments.timeout, .only_put_before = arguments.only_put_before, .stop = context.interrupt.token()});
  if (context.json) {
    Json list = Json::array();
    for (const QueueCounts& counts : queues) list.push_back(ToJson(counts));
    context.out.WriteLine(Dump({{"queues", list}}));
    return kOk;
  }
  using Align = Table::Align;
  Table table({{"QUEUE"},
               {"DONE", Align::kRight},
               {"DEAD", Align::kRight},
               {"EXPIRED", Align::kRight},
               {"DISCARDED", Align::kRight}});
  for (const QueueCounts& counts : queues) {
    table.AddRow({counts.queue, FormatCount(counts.done), FormatCount(counts.dead), FormatCount(counts.expired),
                  FormatCount(counts.discarded)});
  }
  table.Print(context.out);
  return kOk;
}

}  // namespace

Command JoinCommand() {
  return {"join", "wait until nothing is unfinished in all of these queues",
          "sluice join read resize write --timeout 10m", [](CLI::App& app) -> Action {
            auto arguments = std::make_shared<JoinArguments>();
            app.add_option("QUEUE", arguments->queues, "one or several, of one namespace")->required();
            AddDuration(app, "--timeout", &arguments->timeout, "default: wait for ever; 0 = do not wait");
            app.add_flag("--only-put-before", arguments->only_put_before, "ignore items that are put from now on");
            return [=](Context& context) { return Join(context, *arguments); };
          }};
}

Command ShutdownCommand() {
  return {"shutdown", "no more puts; gets drain what is left, then end", "sluice shutdown jobs",
          [](CLI::App& app) -> Action {
            auto queue = std::make_shared<std::string>();
            auto immediate = std::make_shared<bool>(false);
            AddQueue(app, queue.get());
            app.add_flag("--immediate", *immediate, "discard what is not leased");
            return [=](Context& context) -> int {
              const std::uint64_t discarded = context.Open(*queue).shutdown(*immediate);
              if (context.json) {
                context.out.WriteLine(Dump({{"queue", *queue}, {"shut_down", true}, {"discarded", discarded}}));
              } else {
                context.out.WriteLine(*queue + " shut down, " + FormatCount(discarded) + " items discarded");
              }
              return kOk;
            };
          }};
}

Command ReopenCommand() {
  return {
      "reopen", "undo a shutdown", "sluice reopen jobs", [](CLI::App& app) -> Action {
        auto queue = std::make_shared<std::string>();
        AddQueue(app, queue.get());
        return [=](Context& context) -> int {
          context.Open(*queue).reopen();
          context.out.WriteLine(context.json ? Dump({{"queue", *queue}, {"reopened", true}}) : *queue + " reopened");
          return kOk;
        };
      }};
}

}  // namespace sluice::cli
