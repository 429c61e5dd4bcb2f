// What every command works with: the options that all of them share, the connection, the output, the signals.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sluice/client.h>

#include "client/cli/interrupt.h"
#include "client/cli/output.h"

namespace CLI {
class App;
}

namespace sluice::cli {

struct Context {
  std::string address = "127.0.0.1:7171";
  std::chrono::milliseconds connect_timeout{5'000};
  bool json = false;
  Output out;
  Interrupt interrupt;

  // A connection of its own. Throws Unavailable after connect_timeout.
  Client Connect() const;
  // The queue as text: payloads are passed as the bytes they are.
  Queue<std::string> Open(const std::string& name, std::optional<QueueSettings> create = std::nullopt) const {
    return Connect().queue<std::string>(name, std::move(create));
  }
};

// What a command does once its arguments are read; returns the exit code.
using Action = std::function<int(Context&)>;

struct Command {
  std::string name;
  std::string summary;  // for lists of commands
  std::string example;  // one line of shell
  // Adds the options and positionals to the command's parser.
  std::function<Action(CLI::App&)> define;
};

// All of them, in the order of the help.
const std::vector<Command>& Commands();

}  // namespace sluice::cli
