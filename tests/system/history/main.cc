// history_load: works on the queues of a server that may be killed and started again meanwhile, and writes what its
// clients saw into a file. tests/system/kill_test.py kills, tests/support/history_checker.py reads the file.
//
// Prints "loading" when all queues are there; works until a line (or the end) comes on standard input; then lets the
// queues drain, and ends: with 0 when everything was finished.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "tests/system/history/load.h"

namespace sluice::history {
namespace {

using namespace std::chrono_literals;

struct Arguments {
  std::string address;
  std::string history;
  std::vector<std::string> queues;
  std::size_t producers = 8;
  std::size_t consumers = 8;
  std::size_t clients = 4;
  std::uint64_t seed = 1;
  std::uint64_t pause_us = 2000;
};

const std::map<std::string, Durability> kDurabilities{
    {"memory", Durability::kMemory}, {"async", Durability::kAsync}, {"fsync", Durability::kFsync}};
const std::map<std::string, Order> kOrders{
    {"fifo", Order::kFifo}, {"lifo", Order::kLifo}, {"priority", Order::kPriority}};

void AddOptions(CLI::App& app, Arguments& arguments) {
  app.add_option("address", arguments.address, "HOST:PORT or unix:PATH of the server")->required();
  app.add_option("history", arguments.history, "file that the lines are appended to")->required();
  app.add_option("queues", arguments.queues, "SPACE/NAME,DURABILITY,ORDER,MAXSIZE,MAX_ATTEMPTS")->required();
  app.add_option("--producers", arguments.producers, "threads");
  app.add_option("--consumers", arguments.consumers, "threads");
  app.add_option("--clients", arguments.clients, "connections that the threads share");
  app.add_option("--seed", arguments.seed, "of what the threads decide");
  app.add_option("--pause-us", arguments.pause_us, "of a thread between two operations, on average");
}

LoadQueue QueueFrom(const std::string& text) {
  std::istringstream words(text);
  std::string name, durability, order, maxsize, max_attempts;
  for (std::string* word : {&name, &durability, &order, &maxsize, &max_attempts}) {
    if (!std::getline(words, *word, ',')) throw std::invalid_argument(text);
  }
  QueueSettings settings;
  settings.durability = kDurabilities.at(durability);
  settings.order = kOrders.at(order);
  settings.maxsize = std::stoll(maxsize);
  settings.max_attempts = std::stoi(max_attempts);
  return {name, settings};
}

std::string NameOf(Durability durability) {
  for (const auto& [name, value] : kDurabilities) {
    if (value == durability) return name;
  }
  throw std::logic_error("a durability without a name");
}

// With attempts to connect so close that a server which is back has its clients at once.
Client Connect(const Arguments& arguments) {
  return Client(arguments.address, {.min_backoff = 10ms, .max_backoff = 50ms});
}

void CreateQueues(Load& load, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    const LoadQueue& queue = load.queues.emplace_back(QueueFrom(text));
    load.clients.front().create(queue.name, queue.settings);
    load.history.Write("queue", queue.name, NameOf(queue.settings.durability), queue.settings.max_attempts);
  }
}

bool Run(const Arguments& arguments) {
  History history(arguments.history);
  Load load{.history = history, .clients = {}, .queues = {}, .seed = arguments.seed};
  load.pause = std::chrono::microseconds(arguments.pause_us);
  for (std::size_t i = 0; i < arguments.clients; ++i) load.clients.push_back(Connect(arguments));
  CreateQueues(load, arguments.queues);
  std::vector<std::jthread> producers;
  std::vector<std::jthread> consumers;
  std::size_t thread = 0;
  for (std::size_t i = 0; i < arguments.producers; ++i) producers.emplace_back(Produce, std::ref(load), thread++);
  for (std::size_t i = 0; i < arguments.consumers; ++i) consumers.emplace_back(Consume, std::ref(load), thread++);
  std::jthread joiner(JoinNowAndThen, std::ref(load), thread++);
  std::cout << "loading" << std::endl;
  std::string line;
  std::getline(std::cin, line);
  load.draining = true;
  producers.clear();
  joiner.join();
  const bool finished = JoinAll(load);
  load.over = true;
  consumers.clear();
  WriteFinalCounts(load);
  return finished;
}

}  // namespace
}  // namespace sluice::history

int main(int argc, char** argv) {
  CLI::App app("Work on queues, and a history of it.");
  sluice::history::Arguments arguments;
  AddOptions(app, arguments);
  CLI11_PARSE(app, argc, argv);
  try {
    return sluice::history::Run(arguments) ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::cerr << "history_load: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
