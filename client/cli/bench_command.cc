// `bench`: how fast this server is from here, with every item accounted for.
#include <unistd.h>

#include <algorithm>
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
constexpr std::uint64_t kBatch = 256;        // of w3 and w4
constexpr std::uint64_t kParked = 1000;      // getters of w4, unless --count says otherwise

struct BenchArguments {
  std::string workload;
  std::string queue;
  std::uint64_t producers = 4;
  std::uint64_t consumers = 4;
  std::uint64_t batch = 1;
  std::uint64_t count = 0;
  std::uint64_t maxsize = 10'000;
  std::optional<std::int64_t> size;
  std::optional<std::chrono::milliseconds> duration;
};

// The workloads of tests/bench/peers.sh, by the same names.
void SetWorkload(const BenchArguments& arguments, BenchOptions* options) {
  if (arguments.workload.empty()) return;
  options->producers = options->consumers = 8;
  if (arguments.workload == "w1") {
    options->shape = BenchShape::kCycle;
    options->producers = options->consumers = 1;
  } else if (arguments.workload == "w3") {
    options->batch = kBatch;
  } else if (arguments.workload == "w4") {
    if (arguments.duration) throw UsageError("bench: w4 is as long as it takes: give --count, not --duration");
    if (options->count == 0) options->count = kParked;
    if (options->count > kBenchMostParked) {
      throw UsageError("bench: w4 has at most " + FormatCount(kBenchMostParked) + " getters, each a thread");
    }
    options->shape = BenchShape::kBurst;
    options->producers = 1;
    options->consumers = options->count;
    options->batch = kBatch;
  }
}

BenchOptions Check(const BenchArguments& arguments) {
  const std::int64_t size = arguments.size.value_or(100);
  if (arguments.count > 0 && arguments.duration) throw UsageError("bench: give --count or --duration, not both");
  if (size < static_cast<std::int64_t>(kBenchMinItemBytes) || size > 4 << 20) {
    throw UsageError("bench: --size must be " + std::to_string(kBenchMinItemBytes) + "B to 4MiB");
  }
  if (arguments.producers > kMostThreads || arguments.consumers > kMostThreads) {
    throw UsageError("bench: at most " + std::to_string(kMostThreads) + " producers and as many consumers");
  }
  const auto duration = arguments.duration.value_or(std::chrono::seconds(5));
  if (arguments.count > kBenchMostItems || duration > kBenchLongest || duration.count() == 0) {
    throw UsageError("bench: at most " + FormatCount(kBenchMostItems) + " items and 10m; at least 1ms");
  }
  BenchOptions options{.queue = arguments.queue.empty() ? "bench-" + std::to_string(::getpid()) : arguments.queue,
                       .producers = arguments.producers,
                       .consumers = arguments.consumers,
                       .item_bytes = static_cast<std::size_t>(size),
                       .batch = arguments.batch,
                       .maxsize = static_cast<std::int64_t>(arguments.maxsize),
                       .count = arguments.count,
                       .duration = duration};
  SetWorkload(arguments, &options);
  if (options.batch > arguments.maxsize && arguments.maxsize > 0) {
    throw UsageError("bench: --batch is more than --maxsize: such a put can never fit");
  }
  return options;
}

double Rounded(double value) { return std::round(value * 10) / 10; }

void ShowJson(Context& context, const std::string& workload, const BenchOptions& options, const BenchResult& result) {
  const double items = static_cast<double>(std::max<std::uint64_t>(result.items, 1));
  context.out.WriteLine(Dump({{"workload", workload.empty() ? Json() : Json(workload)},
                              {"producers", options.producers},
                              {"consumers", options.consumers},
                              {"size_bytes", options.item_bytes},
                              {"batch", options.batch},
                              {"items", result.items},
                              {"seconds", result.seconds},
                              {"items_per_s", Rounded(items / result.seconds)},
                              {"client_cpu_us_per_item", Rounded(result.cpu_seconds * 1e6 / items)},
                              {"put_p50_us", Rounded(result.put.QuantileUs(0.5))},
                              {"put_p99_us", Rounded(result.put.QuantileUs(0.99))},
                              {"get_p50_us", Rounded(result.get.QuantileUs(0.5))},
                              {"get_p99_us", Rounded(result.get.QuantileUs(0.99))},
                              {"lost", result.lost},
                              {"duplicated", result.duplicated},
                              {"valid", result.valid()}}));
}

std::string DescribeLoad(const BenchOptions& options) {
  const std::string of = FormatBytes(options.item_bytes) + " an item, batches of " + std::to_string(options.batch);
  if (options.shape == BenchShape::kCycle) return "one client: put, get and task_done in turns, " + of;
  if (options.shape == BenchShape::kBurst) return FormatCount(options.count) + " waiting getters, " + of;
  return std::to_string(options.producers) + " producers, " + std::to_string(options.consumers) + " consumers, " + of;
}

void Show(Context& context, const BenchOptions& options, const BenchResult& result) {
  const auto us = [](double value) { return FormatCount(std::llround(value)) + " us"; };
  const auto latency = [&](const Latency& each) {
    return "p50 " + us(each.QuantileUs(0.5)) + ", p99 " + us(each.QuantileUs(0.99));
  };
  const double items = static_cast<double>(std::max<std::uint64_t>(result.items, 1));
  const bool burst = options.shape == BenchShape::kBurst;
  const std::string took = FormatDuration(std::chrono::milliseconds(std::llround(result.seconds * 1000)));
  PrintFacts(
      context.out,
      {{"load", DescribeLoad(options)},
       {"items", FormatCount(result.items) + " in " + took + (burst ? " from the first put to the last get" : "")},
       {"rate",
        FormatCount(std::llround(items / result.seconds)) + " items/s" + (burst ? "" : " (put, get and task_done)")},
       {"put", latency(result.put)},
       {"get", latency(result.get) + (burst ? " after the first put" : " (waiting included)")},
       {"client", us(result.cpu_seconds * 1e6 / items) + " of CPU an item, both sides"},
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
  if (context.json) {
    ShowJson(context, arguments.workload, options, result);
  } else {
    Show(context, options, result);
  }
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
            CLI::Option* const workload =
                app.add_option("--workload", arguments->workload,
                               "w1: one client, put, get, task_done in turns; w2: 8 producers and 8 consumers; w3: the "
                               "same in batches of 256; w4: 1000 (--count) waiting getters, then as many puts")
                    ->type_name("NAME")
                    ->check(CLI::IsMember({"w1", "w2", "w3", "w4"}));
            AddNumber(app, "--producers", &arguments->producers, 1, "threads that put; default 4")->excludes(workload);
            AddNumber(app, "--consumers", &arguments->consumers, 1, "threads that get; default 4")->excludes(workload);
            AddSize(app, "--size", &arguments->size, "of an item, 16B to 4MiB; default 100B");
            AddNumber(app, "--batch", &arguments->batch, 1, "items a put and a get; default 1")->excludes(workload);
            AddNumber(app, "--maxsize", &arguments->maxsize, 0, "of the queue; default 10000");
            AddNumber(app, "--count", &arguments->count, 1, "items in all");
            AddDuration(app, "--duration", &arguments->duration, "default 5s");
            app.add_option("--queue", arguments->queue, "made for the run, deleted after it; default: bench-PID");
            return [=](Context& context) { return Bench(context, *arguments); };
          }};
}

}  // namespace sluice::cli
