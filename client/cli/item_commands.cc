// Leases settled by their fence, and a look at items without taking them.
#include <memory>

#include <CLI/CLI.hpp>

#include "client/cli/arguments.h"
#include "client/cli/commands.h"
#include "client/cli/failure.h"
#include "client/cli/json.h"
#include "client/cli/payload.h"
#include "client/cli/table.h"
#include "client/cli/units.h"

namespace sluice::cli {
namespace {

using TextQueue = Queue<std::string>;

struct SettleArguments {
  std::string queue;
  std::vector<std::uint64_t> fences;
  std::string error = "failed by 'sluice fail'";
  std::optional<std::chrono::milliseconds> lease;
};

// `settle` returns the fences that were not held: a lost one is named and stops no other.
int Settle(Context& context, const SettleArguments& arguments, const std::string& verb,
           const std::function<std::vector<std::uint64_t>(const TextQueue&)>& settle) {
  const std::vector<std::uint64_t> lost = settle(context.Open(arguments.queue));
  if (!lost.empty()) {
    std::string list;
    for (const std::uint64_t fence : lost) list += " " + std::to_string(fence);
    throw LeaseLost(std::to_string(lost.size()) + " of " + std::to_string(arguments.fences.size()) + " leases of " +
                    arguments.queue + " not held any more:" + list);
  }
  if (context.json) {
    context.out.WriteLine(Dump({{"queue", arguments.queue}, {verb, arguments.fences}}));
  } else {
    context.out.WriteLine(verb + " " + std::to_string(arguments.fences.size()));
  }
  return kOk;
}

std::vector<std::uint64_t> Extend(const TextQueue& queue, const std::vector<std::uint64_t>& fences,
                                  std::chrono::milliseconds lease) {
  std::vector<std::uint64_t> lost;
  for (const std::uint64_t fence : fences) {
    try {
      queue.extend(fence, lease);
    } catch (const LeaseLost&) {
      lost.push_back(fence);
    }
  }
  return lost;
}

// The parser's part that all four have in common.
std::shared_ptr<SettleArguments> AddLeases(CLI::App& app) {
  auto arguments = std::make_shared<SettleArguments>();
  AddQueue(app, &arguments->queue);
  AddFences(app, &arguments->fences);
  return arguments;
}

void ShowPeeked(Context& context, const std::string& queue, const std::vector<PeekedPayload>& items) {
  if (context.json) {
    for (const PeekedPayload& item : items) {
      Json json{{"queue", queue},
                {"id", item.id},
                {"attempts", item.attempts},
                {"put_time_unix_ms", UnixMs(item.put_time)},
                {"last_error", item.last_error},
                {"content_type", item.content_type},
                {"headers", ToJson(item.headers)},
                {"priority", item.priority}};
      AddPayload(item.payload, &json);
      context.out.WriteLine(Dump(json));
    }
    return;
  }
  if (items.empty() && !context.out.terminal()) return;
  Table table({{"ID", Table::Align::kRight}, {"ATTEMPTS", Table::Align::kRight}, {"PUT"}, {"PAYLOAD"}, {"LAST ERROR"}});
  for (const PeekedPayload& item : items) {
    table.AddRow({std::to_string(item.id), std::to_string(item.attempts), FormatTime(item.put_time),
                  Printable(item.payload, 60), Printable(item.last_error, 60)});
  }
  table.Print(context.out);
}

}  // namespace

Command DoneCommand() {
  return {"done", "the work on these leases is finished: the items are gone", "sluice done jobs 17",
          [](CLI::App& app) -> Action {
            auto arguments = AddLeases(app);
            return [=](Context& context) {
              return Settle(context, *arguments, "done",
                            [&](const TextQueue& queue) { return queue.task_done(arguments->fences); });
            };
          }};
}

Command FailCommand() {
  return {"fail", "the work failed: the items are retried, or dead after max attempts",
          "sluice fail jobs 17 --error 'no such picture'", [](CLI::App& app) -> Action {
            auto arguments = AddLeases(app);
            app.add_option("--error", arguments->error, "what went wrong; 'sluice peek' shows it");
            return [=](Context& context) {
              return Settle(context, *arguments, "failed",
                            [&](const TextQueue& queue) { return queue.fail(arguments->fences, arguments->error); });
            };
          }};
}

Command ReleaseCommand() {
  return {"release", "give leases back: the items return to their place, no attempt counted", "sluice release jobs 17",
          [](CLI::App& app) -> Action {
            auto arguments = AddLeases(app);
            return [=](Context& context) {
              return Settle(context, *arguments, "released",
                            [&](const TextQueue& queue) { return queue.release(arguments->fences); });
            };
          }};
}

Command ExtendCommand() {
  return {"extend", "move the deadline of leases: work that takes longer", "sluice extend jobs 17 --lease 10m",
          [](CLI::App& app) -> Action {
            auto arguments = AddLeases(app);
            AddDuration(app, "--lease", &arguments->lease, "from now; default: the queue's lease");
            return [=](Context& context) {
              const auto lease =
                  arguments->lease ? *arguments->lease : context.Connect().describe(arguments->queue).settings.lease;
              return Settle(context, *arguments, "extended",
                            [&](const TextQueue& queue) { return Extend(queue, arguments->fences, lease); });
            };
          }};
}

Command PeekCommand() {
  return {"peek", "the next ready items, without taking them", "sluice peek jobs --max 10",
          [](CLI::App& app) -> Action {
            auto queue = std::make_shared<std::string>();
            auto max_items = std::make_shared<std::uint64_t>(1);
            AddQueue(app, queue.get());
            AddNumber(app, "--max", max_items.get(), 1, "items; default 1");
            return [=](Context& context) -> int {
              ShowPeeked(context, *queue, context.Open(*queue).peek(*max_items));
              return kOk;
            };
          }};
}

}  // namespace sluice::cli
