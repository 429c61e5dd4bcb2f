// Is the server there; and what the shell needs to know of us.
#include <chrono>
#include <memory>
#include <string>

#include <sluice/backup.h>
#include <CLI/CLI.hpp>

#include "client/cli/commands.h"
#include "client/cli/completion.h"
#include "client/cli/failure.h"
#include "client/cli/json.h"
#include "client/cli/units.h"

namespace sluice::cli {
namespace {

int Ping(Context& context) {
  const auto start = std::chrono::steady_clock::now();
  std::string status = "serving";
  try {
    context.Connect();
  } catch (const LimitReached&) {
    status = "full";  // it answers: no reason to restart it
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  if (context.json) {
    context.out.WriteLine(Dump({{"address", context.address}, {"status", status}, {"connect_ms", took.count()}}));
  } else {
    context.out.WriteLine(context.address + " " + status);
  }
  return kOk;
}

}  // namespace

Command BackupCommand() {
  return {"backup", "the server writes a copy of its durable queues to a new directory, below its --backup-dir",
          "sluice backup monday", [](CLI::App& app) -> Action {
            auto name = std::make_shared<std::string>();
            app.add_option("NAME", *name, "of the directory")->required();
            return [=](Context& context) -> int {
              const Backup backup =
                  take_backup(context.address, *name,
                              {.connect_timeout = context.connect_timeout, .stop = context.interrupt.token()});
              if (context.json) {
                context.out.WriteLine(Dump({{"directory", backup.directory}, {"bytes", backup.bytes}}));
              } else {
                context.out.WriteLine(backup.directory + " written, " + FormatBytes(backup.bytes));
              }
              return kOk;
            };
          }};
}

Command PingCommand() {
  return {"ping", "open a session, and say whether the server took it", "sluice ping --connect-timeout 1s",
          [](CLI::App&) -> Action { return Ping; }};
}

Command CompletionCommand() {
  return {"completion", "print the completion script for bash", "source <(sluice completion)", [](CLI::App&) -> Action {
            return [](Context& context) -> int {
              context.out.Write(kBashCompletion);
              return kOk;
            };
          }};
}

}  // namespace sluice::cli
