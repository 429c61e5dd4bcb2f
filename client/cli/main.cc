// sluice - queues across machines, from the shell.
//
// SYNOPSIS      sluice COMMAND [ARGUMENTS] [--address ADDRESS] [--connect-timeout DURATION] [--json]
// DESCRIPTION   One command, one thing: `sluice --help` lists them with an example each.
// OUTPUT        Tables on a terminal, plain aligned text otherwise; --json: one document, or one object a line where
//               items stream. Payloads that are not UTF-8 are base64 there, and say so ("encoding": "base64").
//               An error is one line on standard error; with --json also {"error": {"reason": ..., "message": ...}}.
// ENVIRONMENT   SLUICE_ADDRESS   where the server is, unless --address says so; default 127.0.0.1:7171
//               NO_COLOR         no colours, on a terminal either
// SIGNALS       SIGINT and SIGTERM end a command that waits. `get --exec` finishes what runs and releases the rest;
//               a second signal ends the commands that run and releases their items. `worker` does the same.
// EXIT STATUS   0 done · 1 other error · 2 usage · 3 Empty · 4 Full · 5 ShutDown · 6 unreachable · 7 Timeout ·
//               8 LeaseLost · 9 QueueNotFound · 10 QueueExists · 11 QueueDeleted · 12 TooLarge · 13 LimitReached ·
//               14 bench void · 130 SIGINT · 141 the reader of our output is gone · 143 SIGTERM
#include <algorithm>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "client/cli/arguments.h"
#include "client/cli/context.h"
#include "client/cli/failure.h"

namespace sluice::cli {
namespace {

// The end of `sluice --help`: every command with an example, and what exit codes mean.
std::string Footer() {
  std::string text = "Commands (sluice COMMAND --help says more):\n";
  for (const Command& command : Commands()) {
    std::string line = "  " + command.name;
    line.resize(13, ' ');
    text += line + command.summary + "\n             $ " + command.example + "\n";
  }
  return text + "\nDurations have units: 500ms, 2s, 1m, 1h; sizes too: 100B, 64KiB, 1MiB.\n\nExit codes:\n" +
         ExitCodeTable();
}

void Define(CLI::App& app, Context& context, Action* chosen) {
  app.name("sluice");
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.get_formatter()->label("REQUIRED", "");
  app.set_version_flag("--version", std::string("sluice ") + SLUICE_VERSION);
  app.require_subcommand(1);
  app.footer(Footer());
  app.add_option("--address", context.address, "HOST:PORT or unix:PATH; default: $SLUICE_ADDRESS, or 127.0.0.1:7171")
      ->envname("SLUICE_ADDRESS")
      ->type_name("ADDRESS");
  AddDuration(app, "--connect-timeout", &context.connect_timeout, "how long to wait for the server; default 5s");
  app.add_flag("--json", context.json, "print JSON");
  for (const Command& command : Commands()) {
    CLI::App* sub = app.add_subcommand(command.name, command.summary);
    sub->group("");  // the footer lists them
    sub->fallthrough();
    sub->footer("Example: " + command.example + "\nEverywhere: --address, --connect-timeout, --json\n");
    sub->callback([chosen, action = command.define(*sub)] { *chosen = action; });
  }
}

// The exit code of the parser's own endings: help, version, or a command line that makes no sense.
int ReportParse(const CLI::App& app, const CLI::ParseError& error, bool json) {
  if (error.get_exit_code() == 0) return app.exit(error);
  const std::vector<CLI::App*> commands = app.get_subcommands();
  const std::vector<std::string> unknown = app.remaining();
  std::string problem = error.what();
  if (commands.empty() && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    problem = unknown.empty() ? "say what to do: sluice COMMAND" : "there is no command '" + unknown.front() + "'";
  }
  const std::string command = commands.empty() ? "" : " " + commands.front()->get_name();
  Report({kUsage, "USAGE", (command.empty() ? "" : command.substr(1) + ": ") + problem,
          "see 'sluice" + command + " --help'", std::nullopt},
         json);
  return kUsage;
}

int RunAction(Context& context, const Action& action) {
  try {
    const int code = action(context);
    context.out.Flush();
    return code;
  } catch (const OutputClosed&) {
    return kOutputClosed;
  } catch (...) {
    const int signal = context.interrupt.signal();
    if (signal != 0) return 128 + signal;  // asked to end, and did
    const Failure failure = DescribeCurrentException();
    try {
      context.out.Flush();
      Report(failure, context.json);
    } catch (const OutputClosed&) {
      return kOutputClosed;
    }
    return failure.exit_code;
  }
}

int Main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a write that fails says so
  Context context;
  Action chosen;
  CLI::App app("Sluice: Python's queue module across machines.");
  Define(app, context, &chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool json = std::any_of(argv, argv + argc, [](std::string_view text) { return text == "--json"; });
    return ReportParse(app, error, json);
  }
  return RunAction(context, chosen);
}

}  // namespace
}  // namespace sluice::cli

int main(int argc, char** argv) { return sluice::cli::Main(argc, argv); }
