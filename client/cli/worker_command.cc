// A worker for the calls of Python's executors: the Python client's, under the name that people look for.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>

#include "client/cli/arguments.h"
#include "client/cli/commands.h"

namespace sluice::cli {
namespace {

struct Arguments {
  std::vector<std::string> functions;
  std::string queue;
  std::uint64_t workers = 1;
  bool unsafe_pickle = false;
};

std::vector<std::string> CommandLine(const Arguments& arguments, const Context& context) {
  const std::chrono::duration<double> connect_timeout = context.connect_timeout;
  const char* const python = std::getenv("SLUICE_PYTHON");
  std::vector<std::string> words{python != nullptr ? python : "python3", "-m", "sluice", "worker"};
  words.insert(words.end(), {"--address", context.address, "--connect-timeout", std::to_string(connect_timeout.count()),
                             "--workers", std::to_string(arguments.workers)});
  if (!arguments.queue.empty()) words.insert(words.end(), {"--queue", arguments.queue});
  if (arguments.unsafe_pickle) words.emplace_back("--unsafe-pickle");
  words.emplace_back("--");
  words.insert(words.end(), arguments.functions.begin(), arguments.functions.end());
  return words;
}

// This process becomes the other program, with the signals as they were. Returns when it cannot.
void Become(std::vector<std::string> words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  sigset_t ours;  // that Interrupt and main() changed
  sigemptyset(&ours);
  sigaddset(&ours, SIGINT);
  sigaddset(&ours, SIGTERM);
  signal(SIGPIPE, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &ours, nullptr);
  execvp(pointers[0], pointers.data());
}

int Work(Context& context, const Arguments& arguments) {
  const std::vector<std::string> words = CommandLine(arguments, context);
  Become(words);
  throw std::system_error(errno, std::generic_category(),
                          words.front() + ": it has the Python client; $SLUICE_PYTHON may name another one");
}

}  // namespace

Command WorkerCommand() {
  return {"worker", "make the calls of Python's sluice.Executor: of these functions, and no others",
          "sluice worker pictures:resize --workers 4", [](CLI::App& app) -> Action {
            auto arguments = std::make_shared<Arguments>();
            app.add_option("MODULE:FUNCTION", arguments->functions, "as Python imports it from here")->required();
            app.add_option("--queue", arguments->queue, "default: calls")->type_name("QUEUE");
            AddNumber(app, "--workers", &arguments->workers, 1, "calls at a time; default 1");
            app.add_flag("--unsafe-pickle", arguments->unsafe_pickle,
                         "take pickled arguments: whoever can put a call can run any code here");
            return [=](Context& context) { return Work(context, *arguments); };
          }};
}

}  // namespace sluice::cli
