// `get`: items for a script, a pipe, or a command run for each.
#include <algorithm>
#include <csignal>
#include <memory>

#include <sluice/detached_get.h>
#include <CLI/CLI.hpp>

#include "client/cli/arguments.h"
#include "client/cli/commands.h"
#include "client/cli/failure.h"
#include "client/cli/json.h"
#include "client/cli/payload.h"
#include "client/cli/progress.h"
#include "client/cli/units.h"
#include "client/cli/worker.h"

namespace sluice::cli {
namespace {

constexpr std::uint64_t kMostAtOnce = 256;  // items a round trip: enough for speed, few to give back when we are killed
constexpr std::uint64_t kMostWorkers = 1'000;  // each is a thread here and a process beside
constexpr std::size_t kShownCharacters = 200;

struct GetArguments {
  std::string queue;
  std::optional<std::chrono::milliseconds> timeout;
  std::uint64_t max_items = 0;  // 0: one, or with --follow and --exec no end
  std::optional<std::chrono::milliseconds> lease;
  bool ack = false;
  bool follow = false;
  bool raw = false;
  bool until_finished = false;
  std::string command;
  std::uint64_t workers = 0;
  bool create = false;
  SettingsArguments settings;

  std::optional<QueueSettings> Create() const { return settings.ForCreate(create); }
};

void CheckCombination(const GetArguments& arguments) {
  const bool exec = !arguments.command.empty();
  if (exec && (arguments.ack || arguments.raw || arguments.lease)) {
    throw UsageError("get: --exec settles items by the command's exit code; it goes without --ack, --raw and --lease");
  }
  if (!exec && arguments.workers > 0) throw UsageError("get: --workers needs --exec CMD");
  if (arguments.workers > kMostWorkers) throw UsageError("get: at most " + FormatCount(kMostWorkers) + " workers");
  if (arguments.ack && arguments.lease) {
    throw UsageError("get: with --ack an item is finished when it is printed; --lease makes no sense then");
  }
  if (arguments.raw && !arguments.ack) throw UsageError("get: --raw prints no fence; it needs --ack");
}

// Prints items, one a line.
class Printer {
 public:
  Printer(Context& context, const GetArguments& arguments) : context_(context), arguments_(arguments) {}

  // `fence` 0: finished when it is printed, so there is none to tell.
  void Print(const DetachedItem& item, std::uint64_t fence) {
    if (context_.json) {
      context_.out.WriteLine(Dump(JsonOf(item, fence)));
    } else if (arguments_.raw) {
      context_.out.Write(item.payload);
    } else {
      const std::string text = context_.out.terminal() ? Printable(item.payload, kShownCharacters) : item.payload;
      if (fence != 0 && context_.out.terminal() && !titled_) context_.out.WriteLine(context_.out.Bold("FENCE\tITEM"));
      titled_ = true;
      context_.out.WriteLine(fence == 0 ? text : std::to_string(fence) + "\t" + text);
    }
  }

 private:
  Json JsonOf(const DetachedItem& item, std::uint64_t fence) const {
    Json json{{"queue", arguments_.queue}, {"id", item.id}};
    if (fence != 0) {
      json["fence"] = fence;
      json["lease_ms"] = item.lease.count();
    }
    json["attempt"] = item.attempt;
    json["put_time_unix_ms"] = UnixMs(item.put_time);
    json["content_type"] = item.content_type;
    json["headers"] = ToJson(item.headers);
    json["priority"] = item.priority;
    AddPayload(item.payload, &json);
    return json;
  }

  Context& context_;
  const GetArguments& arguments_;
  bool titled_ = false;
};

// Takes items round by round. `round` takes 1..n of them, prints them, and returns how many.
int TakeAll(Context& context, const GetArguments& arguments,
            const std::function<std::uint64_t(std::uint64_t, const GetOptions&)>& round) {
  const std::uint64_t wanted = arguments.max_items > 0 ? arguments.max_items : arguments.follow ? UINT64_MAX : 1;
  Progress progress("get " + arguments.queue, wanted == UINT64_MAX ? std::nullopt : std::optional(wanted),
                    !context.out.terminal());
  GetOptions options{
      .timeout = arguments.timeout, .until_finished = arguments.until_finished, .stop = context.interrupt.token()};
  std::uint64_t taken = 0;
  try {
    while (taken < wanted) {
      const std::uint64_t count = round(std::min(wanted - taken, kMostAtOnce), options);
      taken += count;
      progress.Add(count);
      // Without --follow: the first is waited for, the others must be there.
      if (!arguments.follow) options.timeout = std::chrono::milliseconds(0);
    }
  } catch (const Empty&) {
    if (taken == 0) throw;
  } catch (const ShutDown&) {
    if (taken == 0) throw;
  }
  return kOk;
}

// Under leases of their own, which outlive this process.
int TakeLeased(Context& context, const GetArguments& arguments) {
  Printer printer(context, arguments);
  std::chrono::milliseconds lease{0};
  const int code = TakeAll(context, arguments, [&](std::uint64_t count, const GetOptions& options) {
    const std::vector<DetachedItem> items =
        get_detached(context.address, arguments.queue, count,
                     {.get = options,
                      .lease = arguments.lease.value_or(std::chrono::milliseconds(0)),
                      .create = arguments.Create(),
                      .connect_timeout = context.connect_timeout});
    try {
      for (const DetachedItem& item : items) printer.Print(item, item.fence);
      context.out.Flush();
    } catch (...) {
      // Nobody learnt the fences: give the items back instead of letting the leases run out.
      const Queue<std::string> queue = context.Open(arguments.queue);
      for (const DetachedItem& item : items) queue.release(item.fence);
      throw;
    }
    lease = items.front().lease;
    return items.size();
  });
  if (context.out.terminal() && !context.json) {
    SayOnStderr("Leased for " + FormatDuration(lease) + ". When the work is done: sluice done " + arguments.queue +
                " FENCE");
  }
  return code;
}

// Each is finished once it is printed: one that could not be printed is released.
int TakeFinished(Context& context, const GetArguments& arguments) {
  Printer printer(context, arguments);
  const Queue<std::string> queue = context.Open(arguments.queue, arguments.Create());
  return TakeAll(context, arguments, [&](std::uint64_t count, const GetOptions& options) {
    std::vector<Task<std::string>> tasks = queue.get_many(
        count, {.timeout = options.timeout, .until_finished = options.until_finished, .stop = options.stop});
    for (const Task<std::string>& task : tasks) {
      printer.Print({task.id(),
                     task.fence(),
                     task.attempt(),
                     task.put_time(),
                     {},
                     task.value(),
                     task.content_type(),
                     task.headers(),
                     task.priority()},
                    0);
    }
    context.out.Flush();
    queue.done_many(tasks);
    return tasks.size();
  });
}

std::string_view NameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDone: return "done";
    case Outcome::kFailed: return "failed";
    case Outcome::kReleased: return "released";
    case Outcome::kLost: return "lost";
  }
  return "lost";
}

void ShowReport(Context& context, const std::string& queue, const WorkerReport& report) {
  if (context.json) {
    Json json{{"queue", queue},
              {"id", report.id},
              {"fence", report.fence},
              {"attempt", report.attempt},
              {"outcome", NameOf(report.outcome)}};
    if (!report.detail.empty()) json["detail"] = report.detail;
    context.out.WriteLine(Dump(json));
    context.out.Flush();
  } else if (report.outcome != Outcome::kDone) {
    SayOnStderr("sluice: item " + std::to_string(report.id) + " " + std::string(NameOf(report.outcome)) +
                (report.detail.empty() ? "" : ": " + Printable(report.detail, kShownCharacters)));
  }
}

int Exec(Context& context, const GetArguments& arguments) {
  const Queue<std::string> queue = context.Open(arguments.queue, arguments.Create());
  context.interrupt.BeGraceful();
  const WorkerOptions options{.command = arguments.command,
                              .workers = std::max<std::uint64_t>(1, arguments.workers),
                              .max_items = arguments.max_items,
                              .get = {.timeout = arguments.timeout,
                                      .until_finished = arguments.until_finished,
                                      .stop = context.interrupt.token()},
                              .output_to_stderr = context.json};
  const WorkerTotals totals =
      RunWorkers(queue, options, context.interrupt.hard_token(),
                 [&](const WorkerReport& report) { ShowReport(context, arguments.queue, report); });
  const std::uint64_t worked_on = totals.done + totals.failed + totals.released + totals.lost;
  if (totals.nothing_came && worked_on == 0) throw Empty(arguments.queue + " had no item before the timeout");
  if (!context.json && worked_on > 0) {
    SayOnStderr("sluice: " + FormatCount(totals.done) + " done, " + FormatCount(totals.failed) + " failed, " +
                FormatCount(totals.released) + " released, " + FormatCount(totals.lost) + " lost");
  }
  return context.interrupt.signal() == SIGINT ? kInterrupted : kOk;
}

void AddGetOptions(CLI::App& app, GetArguments* arguments) {
  AddQueue(app, &arguments->queue);
  AddDuration(app, "--timeout", &arguments->timeout, "longest wait for an item; default: for ever; 0 = do not wait");
  AddNumber(app, "--max", &arguments->max_items, 1,
            "items; waits for the first, takes what else is there; default 1, with --follow and --exec no end");
  app.add_flag("--follow", arguments->follow, "go on and wait for each, until --max, --timeout or the queue's end");
  AddDuration(app, "--lease", &arguments->lease,
              "until when the items must be settled, extended or released; default: the queue's lease");
  app.add_flag("--ack", arguments->ack, "no lease: an item is finished once it is printed");
  app.add_flag("--raw", arguments->raw, "with --ack: the payload's bytes and nothing else, no line end");
  app.add_option("--exec", arguments->command,
                 "run CMD by sh for each item: the item on stdin, $SLUICE_ITEM_ID, $SLUICE_FENCE, $SLUICE_ATTEMPT, "
                 "$SLUICE_QUEUE; exit 0 = done, else fail with the last lines of its stderr")
      ->type_name("CMD");
  AddNumber(app, "--workers", &arguments->workers, 1, "with --exec: commands at a time; default 1");
  app.add_flag("--until-finished", arguments->until_finished,
               "on a queue that is shut down, wait on while leased items may come back");
  app.add_flag("--create", arguments->create, "make the queue when it is missing, with the settings given");
  AddAllSettings(app, &arguments->settings);
}

}  // namespace

Command GetCommand() {
  return {"get", "take items: under a lease, finished when printed, or worked on by a command",
          "sluice get jobs --exec 'wc -c' --workers 4 --until-finished", [](CLI::App& app) -> Action {
            auto arguments = std::make_shared<GetArguments>();
            AddGetOptions(app, arguments.get());
            return [=](Context& context) {
              CheckCombination(*arguments);
              if (!arguments->command.empty()) return Exec(context, *arguments);
              return arguments->ack ? TakeFinished(context, *arguments) : TakeLeased(context, *arguments);
            };
          }};
}

}  // namespace sluice::cli
