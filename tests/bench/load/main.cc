// queue_load: one process of a run; tests/bench/peers.sh builds it and runs many.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <string>

#include <absl/synchronization/mutex.h>
#include <CLI/CLI.hpp>

#include "tests/bench/load/board.h"
#include "tests/bench/load/raw_relay.h"
#include "tests/bench/load/roles.h"
#include "tests/bench/load/system.h"

namespace sluice::load {
namespace {

using Role = void (*)(System&, Board&, const Load&);

const std::map<std::string, Role> kRoles{
    {"put", Produce}, {"get", Consume}, {"cycle", Cycle}, {"park", Park}, {"burst", Burst}};

struct Arguments {
  std::string role;
  std::string system;
  std::string board;
  std::size_t slot = 0;
  bool own_connections = false;
  Place place;
  Load load;
};

void AddOptions(CLI::App& app, Arguments& arguments) {
  app.add_option("role", arguments.role, "put, get, cycle, park, burst; create, remove; systems; relay")->required();
  app.add_option("--system", arguments.system, "whose queue it is");
  app.add_option("--address", arguments.place.address, "HOST:PORT of its server");
  app.add_option("--queue", arguments.place.queue, "name of the queue");
  app.add_option("--board", arguments.board, "file that the processes of the run share");
  app.add_option("--slot", arguments.slot, "of this process on the board");
  app.add_option("--lane", arguments.load.lane, "of its first thread that puts");
  app.add_option("--threads", arguments.load.threads, "threads of this process");
  app.add_option("--batch", arguments.load.batch, "items of a put and a get");
  app.add_option("--size", arguments.load.item_bytes, "bytes of an item")
      ->check(CLI::Range(Board::kMinItemBytes, std::size_t{4} << 20));
  app.add_option("--count", arguments.load.count, "items of a burst");
  app.add_flag("--latency", arguments.load.latency, "note on the board how long each put takes");
  app.add_option("--durability", arguments.place.durability, "of a queue of Sluice: memory, async, fsync");
  app.add_flag("--own-connections", arguments.own_connections, "a connection for each thread");
}

int Run(Arguments& arguments) {
  if (arguments.role == "systems") {
    for (const std::string& name : SystemNames()) std::cout << name << "\n";
    return EXIT_SUCCESS;
  }
  if (arguments.role == "relay") {
    RunRelay();
    return EXIT_SUCCESS;
  }
  arguments.place.batch = arguments.load.batch;
  arguments.place.item_bytes = arguments.load.item_bytes;
  arguments.place.one_connection = !arguments.own_connections;
  const std::unique_ptr<System> system = MakeSystem(arguments.system, arguments.place);
  if (arguments.role == "create") {
    system->Create();
  } else if (arguments.role == "remove") {
    system->Remove();
  } else {
    Board board(arguments.board, arguments.slot);
    kRoles.at(arguments.role)(*system, board, arguments.load);
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace sluice::load

int main(int argc, char** argv) {
  // Process-wide, so that the SDK leaves it to the program: on, it costs a fifth of the CPU of a call.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  CLI::App app("One process of a benchmark run; tests/bench/peers.sh starts it.");
  sluice::load::Arguments arguments;
  AddOptions(app, arguments);
  CLI11_PARSE(app, argc, argv);
  try {
    return sluice::load::Run(arguments);
  } catch (const std::exception& error) {
    std::cerr << "queue_load: " << arguments.system << " " << arguments.role << ": " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
