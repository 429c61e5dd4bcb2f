// `put`: items from arguments, lines or files, in batches.
#include <unistd.h>

#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>

#include "client/cli/arguments.h"
#include "client/cli/commands.h"
#include "client/cli/failure.h"
#include "client/cli/item_source.h"
#include "client/cli/json.h"
#include "client/cli/progress.h"
#include "client/cli/units.h"

namespace sluice::cli {
namespace {

constexpr std::size_t kDefaultBatch = 256;
constexpr std::size_t kMostItems = 10'000;     // of one put: the server's limit
constexpr std::size_t kBatchBytes = 1u << 20;  // a batch is sent when it is this heavy, however few its items

struct PutArguments {
  std::string queue;
  std::vector<std::string> items;
  bool lines = false;
  bool whole_stdin = false;
  std::string file;
  std::string file_lines;
  std::uint64_t batch = 0;  // 0: our choice
  std::optional<std::chrono::milliseconds> timeout;
  std::int64_t priority = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type;
  std::string request_id;
  bool create = false;
  SettingsArguments settings;
};

std::unique_ptr<ItemSource> OpenSource(const PutArguments& arguments) {
  const bool dash = arguments.items == std::vector<std::string>{"-"};
  const bool literal = !arguments.items.empty() && !dash;
  const bool lines = dash || arguments.lines;
  const int sources = literal + lines + arguments.whole_stdin + !arguments.file.empty() + !arguments.file_lines.empty();
  if (sources != 1) {
    throw UsageError(
        "put: say where the items come from, in one way: ITEM..., '-' or --lines (standard input, one "
        "item a line), --stdin (all of it is one item), --file PATH, or --file-lines PATH");
  }
  if (literal) return FromArguments(arguments.items);
  if (lines) return FromLines("-");
  if (arguments.whole_stdin) return FromWhole("-");
  return arguments.file.empty() ? FromLines(arguments.file_lines) : FromWhole(arguments.file);
}

// What was put so far.
struct Tally {
  std::uint64_t added = 0;
  std::uint64_t first_id = 0;
  std::uint64_t last_id = 0;
  Durability durability = Durability::kFsync;  // the least of all puts
  bool duplicate = false;
};

// Puts batch after batch until the source ends. A put with a request id is one batch: what it is must not depend on how
// fast the source is.
class Transfer {
 public:
  Transfer(Context& context, const PutArguments& arguments, ItemSource& source)
      : source_(source),
        queue_(context.Open(arguments.queue, arguments.settings.ForCreate(arguments.create))),
        options_{.timeout = arguments.timeout,
                 .priority = arguments.priority,
                 .headers = arguments.headers,
                 .content_type = arguments.content_type,
                 .stop = context.interrupt.token(),
                 .request_id = arguments.request_id},
        one_put_(!arguments.request_id.empty()),
        batch_(arguments.batch == 0 ? kDefaultBatch : arguments.batch),
        may_shrink_(arguments.batch == 0 && !one_put_),
        progress_("put " + arguments.queue, source.Total(),
                  ::isatty(STDIN_FILENO) != 1 || !arguments.file_lines.empty()) {}

  Tally Run() {
    try {
      for (std::vector<std::string> items = Collect(); !items.empty(); items = Collect()) Send(std::move(items));
    } catch (const Error& error) {
      if (tally_.added == 0) throw;
      throw PartlyAdded(error, tally_.added);
    }
    return tally_;
  }

 private:
  // The next batch: full, or all that there is before the source would have to be waited for.
  std::vector<std::string> Collect() {
    std::vector<std::string> items;
    std::size_t bytes = 0;
    while (one_put_ ? items.size() <= kMostItems
                    : items.size() < batch_ && bytes < kBatchBytes && (items.empty() || source_.Ready())) {
      std::optional<std::string> item = source_.Next();
      if (!item) break;
      bytes += item->size();
      items.push_back(std::move(*item));
    }
    return items;
  }

  void Send(std::vector<std::string> items) {
    try {
      Count(queue_.put_with_receipt(items, options_));
    } catch (const TooLarge&) {
      // Nothing of it was added. A batch near the bound would wait for a nearly empty queue: go well below.
      if (!may_shrink_ || items.size() == 1) throw;
      batch_ = std::max<std::size_t>(1, items.size() / 8);
      for (auto begin = items.begin(); begin != items.end();) {
        const auto end = begin + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(batch_), items.end() - begin);
        Send({std::make_move_iterator(begin), std::make_move_iterator(end)});
        begin = end;
      }
    }
  }

  void Count(const PutReceipt& receipt) {
    if (tally_.added == 0) tally_.first_id = receipt.ids.front();
    tally_.last_id = receipt.ids.back();
    tally_.added += receipt.ids.size();
    tally_.durability = std::min(tally_.durability, receipt.durability);
    tally_.duplicate = receipt.duplicate;
    progress_.Add(receipt.ids.size(), source_.Share());
  }

  ItemSource& source_;
  const Queue<std::string> queue_;
  const PutOptions options_;
  const bool one_put_;
  std::size_t batch_;
  const bool may_shrink_;
  Progress progress_;
  Tally tally_;
};

int Put(Context& context, const PutArguments& arguments) {
  const std::unique_ptr<ItemSource> source = OpenSource(arguments);
  const Tally tally = Transfer(context, arguments, *source).Run();
  if (context.json) {
    Json json{{"queue", arguments.queue}, {"added", tally.added}};
    if (tally.added > 0) {
      json["first_id"] = tally.first_id;
      json["last_id"] = tally.last_id;
      json["durability"] = DurabilityName(tally.durability);
      json["duplicate"] = tally.duplicate;
    }
    context.out.WriteLine(Dump(json));
    return kOk;
  }
  const std::string verb = tally.duplicate ? "added before: " : "added ";
  if (tally.added == 1) {
    context.out.WriteLine(verb + "1 item, id " + std::to_string(tally.first_id));
  } else {
    context.out.WriteLine(verb + FormatCount(tally.added) + " items");
  }
  return kOk;
}

void AddSources(CLI::App& app, PutArguments* arguments) {
  app.add_option("ITEM", arguments->items,
                 "the items; '-' alone reads standard input, one item a line; '--' before items that "
                 "begin with '-'")
      ->type_name("");
  app.add_flag("--lines", arguments->lines, "standard input, one item a line (as '-')");
  app.add_flag("--stdin", arguments->whole_stdin, "all of standard input is one item");
  app.add_option("--file", arguments->file, "the whole file is one item")->type_name("PATH");
  app.add_option("--file-lines", arguments->file_lines, "one item a line of the file")->type_name("PATH");
}

}  // namespace

Command PutCommand() {
  return {"put", "add items; waits for room", "seq 1000 | sluice put jobs - --create --maxsize 100",
          [](CLI::App& app) -> Action {
            auto arguments = std::make_shared<PutArguments>();
            AddQueue(app, &arguments->queue);
            AddSources(app, arguments.get());
            CLI::Option* batch =
                AddNumber(app, "--batch", &arguments->batch, 1,
                          "items a put, all or nothing; default up to 256, fewer when the queue is smaller");
            app.add_option(
                   "--request-id", arguments->request_id,
                   "a name for this put, so that it can be repeated until it succeeds: one that was made before, "
                   "in the last few minutes, adds nothing and shows its ids. All items are one put, 10,000 at "
                   "most, all or nothing")
                ->type_name("ID")
                ->check([](const std::string& id) { return id.empty() ? "is empty: name the put" : std::string(); })
                ->excludes(batch);
            AddDuration(app, "--timeout", &arguments->timeout,
                        "longest wait of each batch; default: for ever; 0 = do not wait");
            AddInteger(app, "--priority", &arguments->priority, "in a priority queue; lowest first; default 0");
            AddHeaders(app, &arguments->headers);
            app.add_option("--content-type", arguments->content_type, "default: text/plain")->type_name("TYPE");
            app.add_flag("--create", arguments->create, "make the queue when it is missing, with the settings given");
            AddAllSettings(app, &arguments->settings);
            AddQueueLease(app, &arguments->settings);
            return [=](Context& context) { return Put(context, *arguments); };
          }};
}

}  // namespace sluice::cli
