// `bench`: how fast this server is from here, with every item accounted for.
#include <unistd.h>

#include <cmath>
#include <memory>

#include <CLI/CLI.hpp>

#include "client/cli/arguments.h"
#include "client/cli/bench.h"
#include "client/cli/commands.h"
#include "client/cli/failure.h"
#include "client/cli/json.h"
#include "client/cli/progress.h"
#include "client/cli/table.h"
#include "client/cli/units.h"

namespace sluice::cli {
namespace {

constexpr std::uint64_t kMostThreads = 256;  // of each side

struct BenchArguments {
  std::string queue;
  std::uint64_t producers = 4;
  std::uint64_t consumers = 4;
  std::uint64_t batch = 1;
  std::uint64_t count = 0;
  std::uint64_t maxsize = 10'000;
  std::optional<std::int64_t> size;
  std::optional<std::chrono::milliseconds> duration;
};

BenchOptions Check(const BenchArguments& arguments) {
  const std::int64_t size = arguments.size.value_or(100);
  if (arguments.count > 0 && arguments.duration) throw UsageError("bench: give --count or --duration, not both");
  if (size < static_cast<std::int64_t>(kBenchMinItemBytes) || size > 4 << 20) {
    throw UsageError("bench: --size must be " + std::to_string(kBenchMinItemBytes) + "B to 4MiB");
  }
  if (arguments.producers > kMostThreads || arguments.consumers > kMostThreads) {
    throw UsageError("bench: at most " + std::to_string(kMostThreads) + " producers and as many consumers");
  }
  if (arguments.batch > arguments.maxsize && arguments.maxsize > 0) {
    throw UsageError("bench: --batch is more than --maxsize: such a put can never fit");
  }
  const auto duration = arguments.duration.value_or(std::chrono::seconds(5));
  if (arguments.count > kBenchMostItems || duration > kBenchLongest || duration.count() == 0) {
    throw UsageError("bench: at most " + FormatCount(kBenchMostItems) + " items and 10m; at least 1ms");
  }
  return {.queue = arguments.queue.empty() ? "bench-" + std::to_string(::getpid()) : arguments.queue,
          .producers = arguments.producers,
          .consumers = arguments.consumers,
          .item_bytes = static_cast<std::size_t>(size),
          .batch = arguments.batch,
          .maxsize = static_cast<std::int64_t>(arguments.maxsize),
          .count = arguments.count,
          .duration = duration};
}

double Rounded(double value) { return std::round(value * 10) / 10; }

void Show(Context& context, const BenchOptions& options, const BenchResult& result) {
  const double rate = static_cast<double>(result.items) / result.seconds;
  if (context.json) {
    context.out.WriteLine(Dump({{"producers", options.producers},
                                {"consumers", options.consumers},
                                {"size_bytes", options.item_bytes},
                                {"batch", options.batch},
                                {"items", result.items},
                                {"seconds", result.seconds},
                                {"items_per_s", Rounded(rate)},
                                {"put_p50_us", Rounded(result.put.QuantileUs(0.5))},
                                {"put_p99_us", Rounded(result.put.QuantileUs(0.99))},
                                {"get_p50_us", Rounded(result.get.QuantileUs(0.5))},
                                {"get_p99_us", Rounded(result.get.QuantileUs(0.99))},
                                {"lost", result.lost},
                                {"duplicated", result.duplicated},
                                {"valid", result.valid()}}));
    return;
  }
  const auto latency = [](const Latency& each) {
    return "p50 " + FormatCount(std::llround(each.QuantileUs(0.5))) + " us, p99 " +
           FormatCount(std::llround(each.QuantileUs(0.99))) + " us";
  };
  PrintFacts(context.out,
             {{"load", std::to_string(options.producers) + " producers, " + std::to_string(options.consumers) +
                           " consumers, " + FormatBytes(options.item_bytes) + " an item, batches of " +
                           std::to_string(options.batch)},
              {"items", FormatCount(result.items) + " in " +
                            FormatDuration(std::chrono::milliseconds(std::llround(result.seconds * 1000)))},
              {"rate", FormatCount(std::llround(rate)) + " items/s (put, get and task_done)"},
              {"put", latency(result.put)},
              {"get", latency(result.get) + " (waiting included)"},
              {"verified", result.valid() ? "each item exactly once" : "VOID"}});
}

int Bench(Context& context, const BenchArguments& arguments) {
  const BenchOptions options = Check(arguments);
  const auto start = std::chrono::steady_clock::now();
  BenchResult result;
  {
    Progress progress("bench", options.count > 0 ? std::optional(options.count) : std::nullopt, true);
    const auto moved = [&](std::uint64_t items) {
      const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
      const std::chrono::duration<double> whole = options.duration;
      progress.Add(items, options.count > 0 ? std::nullopt : std::optional(passed / whole));
    };
    result = RunBench(context.Connect(), context.Connect(), options, moved, context.interrupt.token());
  }
  Show(context, options, result);
  if (result.valid()) return kOk;
  context.out.Flush();
  SayOnStderr("sluice: the run is void: " + FormatCount(result.items) + " items put, " + FormatCount(result.lost) +
              " lost, " + FormatCount(result.duplicated) + " came twice");
  return kBenchVoid;
}

}  // namespace

Command BenchCommand() {
  return {"bench", "measure this server from here, every item verified",
          "sluice bench --producers 8 --consumers 8 --size 1KiB --duration 10s", [](CLI::App& app) -> Action {
            auto arguments = std::make_shared<BenchArguments>();
            AddNumber(app, "--producers", &arguments->producers, 1, "threads that put; default 4");
            AddNumber(app, "--consumers", &arguments->consumers, 1, "threads that get; default 4");
            AddSize(app, "--size", &arguments->size, "of an item, 16B to 4MiB; default 100B");
            AddNumber(app, "--batch", &arguments->batch, 1, "items a put and a get; default 1");
            AddNumber(app, "--maxsize", &arguments->maxsize, 0, "of the queue; default 10000");
            AddNumber(app, "--count", &arguments->count, 1, "items in all");
            AddDuration(app, "--duration", &arguments->duration, "default 5s");
            app.add_option("--queue", arguments->queue, "made for the run, deleted after it; default: bench-PID");
            return [=](Context& context) { return Bench(context, *arguments); };
          }};
}

}  // namespace sluice::cli
