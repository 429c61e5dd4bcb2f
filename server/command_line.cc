#include "server/command_line.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <ostream>
#include <utility>

namespace sluice::server {
namespace {

constexpr char kAbout[] =
    "sluiced serves Python's queue module to programs on other machines: named bounded queues with blocking put and\n"
    "get, task_done, join and shutdown. With --data-dir queues that ask for it survive this process and its machine;\n"
    "without it all of them live in memory.\n";

constexpr char kExamples[] =
    "Examples:\n"
    "  sluiced                                           serve on 127.0.0.1:7171\n"
    "  sluiced --listen 0.0.0.0:7171 --memory 4GiB       serve the network (without encryption or passwords)\n"
    "  sluiced --data-dir /var/lib/sluice                keep durable queues there\n"
    "  sluiced --verify /var/lib/sluice                  is what is there sound? exit 0, or 1 and what is not\n"
    "  sluiced --listen unix:/run/sluice.sock            serve this machine only, faster\n"
    "  sluiced --listen 127.0.0.1:0 --port-file ports    take a free port and write it to ./ports\n"
    "  sluiced --config sluiced.toml --check-config      is this file right?\n"
    "\n"
    "The file is TOML with the flags' names as keys; flags win over it:\n"
    "  listen = [\"0.0.0.0:7171\", \"unix:/run/sluice.sock\"]\n"
    "  memory = \"4GiB\"\n"
    "  grace = \"10s\"\n"
    "\n"
    "SIGTERM or SIGINT: waiting callers are told to come back (UNAVAILABLE), answers leave, exit 0; a second signal\n"
    "ends the process at once. Exit codes: 0 stopped, 1 cannot serve, 2 invalid flag or file.";

struct Flags {
  std::vector<std::vector<std::string>> values;  // as Settings(); empty: not given
  std::string config_file;
  bool check_config = false;
  std::string verify;
};

void Declare(CLI::App& app, Flags& flags) {
  app.get_formatter()->column_width(46);
  app.footer(kExamples);
  const auto& settings = Settings();
  flags.values.resize(settings.size());
  for (std::size_t i = 0; i < settings.size(); ++i) {
    CLI::Option* const option = app.add_option("--" + settings[i].name, flags.values[i], settings[i].help);
    option->type_name(settings[i].value_name)->group(settings[i].section)->expected(1);
    option->multi_option_policy(settings[i].many ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::Throw);
  }
  app.set_help_flag("-h,--help", "this text")->group("Other");
  app.set_version_flag("--version", std::string("sluiced ") + SLUICE_VERSION, "the version")->group("Other");
  app.add_option("--config", flags.config_file, "read settings from this file")->type_name("FILE")->group("Other");
  app.add_option("--verify", flags.verify, "check this data directory, which no server uses; changes nothing in it")
      ->type_name("DIR")
      ->group("Other");
  app.add_flag("--check-config", flags.check_config, "say whether flags and file are right, and end")->group("Other");
}

// Returns what is wrong.
std::optional<std::string> Apply(const Flags& flags, Config& config) {
  if (!flags.config_file.empty()) {
    if (auto problem = ApplyFile(flags.config_file, config)) return problem;
  }
  for (std::size_t i = 0; i < flags.values.size(); ++i) {
    if (flags.values[i].empty()) continue;
    if (auto problem = Settings()[i].apply(config, flags.values[i])) return "--" + Settings()[i].name + ": " + *problem;
  }
  return std::nullopt;
}

}  // namespace

CommandLine ParseCommandLine(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& errors) {
  CommandLine result;
  CLI::App app(kAbout, "sluiced");
  Flags flags;
  Declare(app, flags);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 wants them from the back
  } catch (const CLI::Success& asked) {
    app.exit(asked, out, errors);
    result.exit_code = kExitOk;
    return result;
  } catch (const CLI::ParseError& error) {
    errors << "sluiced: " << error.what() << "\nTry: sluiced --help\n";
    result.exit_code = kExitInvalid;
    return result;
  }
  if (const auto problem = Apply(flags, result.config)) {
    errors << "sluiced: " << *problem << '\n';
    result.exit_code = kExitInvalid;
  } else if (flags.check_config) {
    out << "configuration ok\n";
    result.exit_code = kExitOk;
  }
  result.verify = flags.verify;
  return result;
}

}  // namespace sluice::server
