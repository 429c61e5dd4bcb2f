#include <map>

#include "tests/system/history/load.h"

namespace sluice::history {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kDrain{60};

std::string SpaceOf(const std::string& queue) { return queue.substr(0, queue.find('/')); }

// Queues that one join can name.
std::map<std::string, std::vector<std::string>> Spaces(const Load& load) {
  std::map<std::string, std::vector<std::string>> spaces;
  for (const LoadQueue& queue : load.queues) spaces[SpaceOf(queue.name)].push_back(queue.name);
  return spaces;
}

void WriteCounts(History& history, std::uint64_t operation, const std::vector<QueueCounts>& all) {
  std::vector<std::string> texts;
  for (const QueueCounts& counts : all) {
    texts.push_back(std::to_string(counts.done) + ":" + std::to_string(counts.dead) + ":" +
                    std::to_string(counts.expired) + ":" + std::to_string(counts.discarded));
  }
  history.Write("join_ok", operation, texts);
}

// False: it did not end in time, or nobody knows.
bool Join(const Client& client, History& history, const std::vector<std::string>& queues, const JoinOptions& options) {
  const std::uint64_t operation = history.NextOperation();
  history.Write("join", operation, queues);
  try {
    WriteCounts(history, operation, client.join(queues, options));
    return true;
  } catch (const Error& error) {
    history.Write("join_failed", operation, ReasonName(error.reason()));
    return false;
  }
}

}  // namespace

void JoinNowAndThen(Load& load, std::size_t thread) {
  Dice dice(load.seed, thread);
  const auto spaces = Spaces(load);
  while (!load.draining) {
    dice.Pause(load.pause * 10);
    std::vector<std::string> queues{load.queues[dice.Below(load.queues.size())].name};
    if (dice.Chance(30)) queues = spaces.at(SpaceOf(queues.front()));
    Join(load.ClientOf(thread), load.history, queues, {.timeout = 300ms, .only_put_before = dice.Chance(70)});
  }
}

bool JoinAll(Load& load) {
  bool all = true;
  for (const auto& [space, queues] : Spaces(load)) {
    all = Join(load.ClientOf(0), load.history, queues, {.timeout = kDrain}) && all;
  }
  return all;
}

void WriteFinalCounts(Load& load) {
  for (const LoadQueue& queue : load.queues) {
    const QueueStats stats = load.QueueOf(0, queue).stats();
    load.history.Write("final", queue.name, stats.put, stats.done, stats.dead, stats.expired, stats.discarded,
                       stats.unfinished);
  }
}

}  // namespace sluice::history
