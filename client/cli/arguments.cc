#include "client/cli/arguments.h"

#include <charconv>
#include <limits>
#include <map>

#include "client/cli/failure.h"
#include "client/cli/units.h"

namespace sluice::cli {
namespace {

constexpr const char* kSettings = "Settings of the queue";

std::string Quoted(const std::string& text) { return "'" + text + "'"; }

std::uint64_t ParseNumber(const std::string& name, const std::string& text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end || number < least || number > most) {
    throw CLI::ValidationError(
        name, Quoted(text) + " is not a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return number;
}

template <typename Target>
CLI::Option* AddDurationTo(CLI::App& app, const std::string& name, Target* target, const std::string& help) {
  const auto read = [=](const std::string& text) {
    const auto duration = ParseDuration(text);
    if (!duration) throw CLI::ValidationError(name, Quoted(text) + " is not a duration; " + std::string(kDurationHint));
    *target = *duration;
  };
  return app.add_option_function<std::string>(name, read, help)->type_name("DURATION");
}

template <typename Enum>
void AddChoice(CLI::App& app, const std::string& name, Enum* target, const std::map<std::string, Enum>& choices,
               const std::string& help) {
  std::string allowed;
  for (const auto& [word, value] : choices) allowed += (allowed.empty() ? "" : ", ") + word;
  app.add_option_function<std::string>(
         name,
         [=](const std::string& text) {
           const auto found = choices.find(text);
           if (found == choices.end()) {
             throw CLI::ValidationError(name, Quoted(text) + " is not one of " + allowed);
           }
           *target = found->second;
         },
         help)
      ->type_name("WORD")
      ->group(kSettings);
}

}  // namespace

CLI::Option* AddQueue(CLI::App& app, std::string* queue) {
  return app.add_option("QUEUE", *queue, "NAME or NAMESPACE/NAME")->required()->type_name("");
}

CLI::Option* AddDuration(CLI::App& app, const std::string& name, std::optional<std::chrono::milliseconds>* target,
                         const std::string& help) {
  return AddDurationTo(app, name, target, help);
}

CLI::Option* AddDuration(CLI::App& app, const std::string& name, std::chrono::milliseconds* target,
                         const std::string& help) {
  return AddDurationTo(app, name, target, help);
}

CLI::Option* AddSize(CLI::App& app, const std::string& name, std::optional<std::int64_t>* target,
                     const std::string& help) {
  const auto read = [=](const std::string& text) {
    *target = ParseSize(text);
    if (!*target) throw CLI::ValidationError(name, Quoted(text) + " is not a size; " + std::string(kSizeHint));
  };
  return app.add_option_function<std::string>(name, read, help)->type_name("SIZE");
}

CLI::Option* AddNumber(CLI::App& app, const std::string& name, std::uint64_t* target, std::uint64_t least,
                       const std::string& help) {
  constexpr std::uint64_t kMost = 1'000'000'000'000;  // exact everywhere, and more than anybody means
  return app
      .add_option_function<std::string>(
          name, [=](const std::string& text) { *target = ParseNumber(name, text, least, kMost); }, help)
      ->type_name("N");
}

CLI::Option* AddInteger(CLI::App& app, const std::string& name, std::int64_t* target, const std::string& help) {
  const auto read = [=](const std::string& text) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *target);
    if (error != std::errc() || end != text.data() + text.size()) {
      throw CLI::ValidationError(name, Quoted(text) + " is not a whole number");
    }
  };
  return app.add_option_function<std::string>(name, read, help)->type_name("N");
}

CLI::Option* AddFences(CLI::App& app, std::vector<std::uint64_t>* fences) {
  const auto read = [=](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      fences->push_back(ParseNumber("FENCE", text, 1, std::numeric_limits<std::uint64_t>::max()));
    }
  };
  return app.add_option_function<std::vector<std::string>>("FENCE", read, "as 'sluice get' printed it")
      ->required()
      ->type_name("");
}

CLI::Option* AddHeaders(CLI::App& app, std::vector<std::pair<std::string, std::string>>* headers) {
  const auto read = [=](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      const std::size_t equals = text.find('=');
      if (equals == std::string::npos || equals == 0) {
        throw CLI::ValidationError("--header", Quoted(text) + " is not NAME=VALUE");
      }
      headers->emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
  };
  return app.add_option_function<std::vector<std::string>>("--header", read, "metadata of the items; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
}

QueueSettings SettingsArguments::ForCreate() const {
  QueueSettings settings;
  settings.order = order;
  settings.durability = durability;
  settings.paused = paused;
  settings.maxsize = given.maxsize.value_or(settings.maxsize);
  settings.max_bytes = given.max_bytes.value_or(settings.max_bytes);
  settings.count_leased = given.count_leased.value_or(settings.count_leased);
  settings.lease = given.lease.value_or(settings.lease);
  settings.max_attempts = given.max_attempts.value_or(settings.max_attempts);
  return settings;
}

std::optional<QueueSettings> SettingsArguments::ForCreate(bool create) const {
  const QueueSettings settings = ForCreate();
  if (create) return settings;
  if (settings == QueueSettings()) return std::nullopt;
  throw UsageError("settings of the queue need --create: this command changes no queue that is there");
}

void AddLiveSettings(CLI::App& app, SettingsArguments* settings) {
  QueueUpdate* given = &settings->given;
  constexpr auto kMostItems = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  constexpr auto kMostAttempts = static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max());
  app.add_option_function<std::string>(
         "--maxsize",
         [=](const std::string& text) {
           given->maxsize = static_cast<std::int64_t>(ParseNumber("--maxsize", text, 0, kMostItems));
         },
         "items that may wait; 0 = no bound")
      ->type_name("N")
      ->group(kSettings);
  AddSize(app, "--max-bytes", &given->max_bytes, "payload bytes that may wait; 0 = no bound")->group(kSettings);
  app.add_flag_function(
         "--count-leased,!--no-count-leased", [=](std::int64_t count) { given->count_leased = count > 0; },
         "the bounds count leased items too")
      ->group(kSettings);
  app.add_option_function<std::string>(
         "--max-attempts",
         [=](const std::string& text) {
           given->max_attempts = static_cast<std::int32_t>(ParseNumber("--max-attempts", text, 0, kMostAttempts));
         },
         "deliveries after which an item that failed is dead; 0 = no limit")
      ->type_name("N")
      ->group(kSettings);
}

void AddAllSettings(CLI::App& app, SettingsArguments* settings) {
  AddLiveSettings(app, settings);
  AddChoice<Order>(app, "--order", &settings->order,
                   {{"fifo", Order::kFifo}, {"lifo", Order::kLifo}, {"priority", Order::kPriority}},
                   "fifo, lifo or priority (lowest first)");
  AddChoice<Durability>(app, "--durability", &settings->durability,
                        {{"memory", Durability::kMemory}, {"async", Durability::kAsync}, {"fsync", Durability::kFsync}},
                        "what survives: memory (nothing), async (a crash of the server) or fsync (of the machine)");
  app.add_flag("--paused", settings->paused, "gets wait until 'sluice resume'")->group(kSettings);
}

void AddQueueLease(CLI::App& app, SettingsArguments* settings) {
  AddDuration(app, "--lease", &settings->given.lease, "lease of a get that no session keeps alive; default 30s")
      ->group(kSettings);
}

}  // namespace sluice::cli
