// Two things happen to a waiting call at once: exactly one of them decides it, and nothing is lost.
#include <sluice/blocking_queue.h>

#include <gtest/gtest.h>

#include <barrier>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <ostream>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::Background;
using testing::Eventually;
using testing::ReasonOf;

// One round: a queue on a manual clock, with a stop source for the waiting call.
struct Round {
  ManualClock clock;
  std::stop_source stop;
  BlockingQueue<int> queue{1, clock};
  std::size_t put = 0, discarded = 0;  // items

  WaitOptions Options() { return {.timeout = 10ms, .stop = stop.get_token()}; }
};

// What may hit a waiting call, and the reason that it ends with when this comes first.
struct Racer {
  std::string name;
  std::function<void(Round&)> run;
  std::optional<Reason> outcome;  // nullopt: the reason of the call's own deadline, Empty or Full
};

const Racer kTimeout{"Timeout", [](Round& round) { round.clock.Advance(10ms); }, std::nullopt};
const Racer kStop{"Stop", [](Round& round) { round.stop.request_stop(); }, Reason::kCancelled};
const Racer kShutdown{"Shutdown", [](Round& round) { round.queue.shutdown(); }, Reason::kShutDown};
const Racer kImmediate{"Immediate", [](Round& round) { round.discarded += round.queue.shutdown(true); },
                       Reason::kShutDown};
// The service of a getter and of a putter; refused when a shutdown came first.
const Racer kPut{"Put", [](Round& round) { round.put += ReasonOf([&] { round.queue.put_nowait(1); }) == Reason::kOk; },
                 Reason::kOk};
const Racer kGet{"Get", [](Round& round) { ReasonOf([&] { round.queue.get_nowait(); }); }, Reason::kOk};

struct Race {
  Racer first, second;
  std::string Name() const { return first.name + "Against" + second.name; }
};

void PrintTo(const Race& race, std::ostream* out) { *out << race.Name(); }

std::vector<Race> Pairs(const Racer& service) {
  const std::vector<Racer> racers{service, kTimeout, kStop, kShutdown, kImmediate};
  std::vector<Race> races;
  for (const Racer& first : racers) {
    for (const Racer& second : racers) {
      if (first.name != second.name) races.push_back({first, second});
    }
  }
  return races;
}

void RunAtOnce(Round& round, const Race& race) {
  std::barrier start(2);
  std::jthread other([&] {
    start.arrive_and_wait();
    race.second.run(round);
  });
  start.arrive_and_wait();
  race.first.run(round);
}

constexpr int kRounds = 100;

// ---- a waiting get ------------------------------------------------------------------------------

class BlockingQueueGetRace : public ::testing::TestWithParam<Race> {};

TEST_P(BlockingQueueGetRace, TheFirstDecides) {
  Round round;
  Background getter([&] { round.queue.get(round.Options()); });
  Eventually([&] { return round.queue.waiting_getters() == 1; });
  GetParam().first.run(round);
  EXPECT_EQ(round.queue.waiting_getters(), 0u);
  GetParam().second.run(round);
  EXPECT_EQ(getter.Ended(), GetParam().first.outcome.value_or(Reason::kEmpty));
}

TEST_P(BlockingQueueGetRace, AtOnceTheItemIsInOnePlace) {
  for (int i = 0; i < kRounds; ++i) {
    Round round;
    Background getter([&] { round.queue.get(round.Options()); });
    Eventually([&] { return round.queue.waiting_getters() == 1; });
    RunAtOnce(round, GetParam());
    const Reason ended = getter.Ended();
    EXPECT_TRUE(ended == GetParam().first.outcome.value_or(Reason::kEmpty) ||
                ended == GetParam().second.outcome.value_or(Reason::kEmpty));
    EXPECT_EQ(round.put, (ended == Reason::kOk ? 1 : 0) + round.queue.qsize() + round.discarded);
  }
}

INSTANTIATE_TEST_SUITE_P(All, BlockingQueueGetRace, ::testing::ValuesIn(Pairs(kPut)),
                         [](const auto& test) { return test.param.Name(); });

// A call that is in line is within reach of its stop token: once request_stop has returned, it takes nothing more.
TEST(BlockingQueueStopRace, AStopNeverMissesACallThatHasJustGotInLine) {
  for (int i = 0; i < 10 * kRounds; ++i) {
    Round round;
    Background getter([&] { round.queue.get({.timeout = kForever, .stop = round.stop.get_token()}); });
    Eventually([&] { return round.queue.waiting_getters() == 1; });
    round.stop.request_stop();
    round.queue.put(1);
    EXPECT_EQ(getter.Ended(), Reason::kCancelled);
    EXPECT_EQ(round.queue.qsize(), 1u);
  }
}

// ---- a waiting put ------------------------------------------------------------------------------

class BlockingQueuePutRace : public ::testing::TestWithParam<Race> {};

TEST_P(BlockingQueuePutRace, TheFirstDecides) {
  Round round;
  round.queue.put(1);
  Background putter([&] { round.queue.put(2, round.Options()); });
  Eventually([&] { return round.queue.waiting_putters() == 1; });
  GetParam().first.run(round);
  EXPECT_EQ(round.queue.waiting_putters(), 0u);
  GetParam().second.run(round);
  EXPECT_EQ(putter.Ended(), GetParam().first.outcome.value_or(Reason::kFull));
}

TEST_P(BlockingQueuePutRace, AtOnceTheItemIsInOnePlace) {
  for (int i = 0; i < kRounds; ++i) {
    Round round;
    round.queue.put(1);
    Background putter([&] { round.queue.put(2, round.Options()); });
    Eventually([&] { return round.queue.waiting_putters() == 1; });
    RunAtOnce(round, GetParam());
    const Reason ended = putter.Ended();
    EXPECT_TRUE(ended == GetParam().first.outcome.value_or(Reason::kFull) ||
                ended == GetParam().second.outcome.value_or(Reason::kFull));
    const std::size_t taken = round.queue.unfinished() - round.queue.qsize();
    EXPECT_EQ(1u + (ended == Reason::kOk ? 1 : 0), taken + round.queue.qsize() + round.discarded);
  }
}

INSTANTIATE_TEST_SUITE_P(All, BlockingQueuePutRace, ::testing::ValuesIn(Pairs(kGet)),
                         [](const auto& test) { return test.param.Name(); });

// ---- a waiting join -----------------------------------------------------------------------------

TEST(BlockingQueueJoinRace, TaskDoneAgainstTimeoutAndStop) {
  const Racer task_done{"TaskDone", [](Round& round) { round.queue.task_done(); }, Reason::kOk};
  const Racer timeout{"Timeout", kTimeout.run, Reason::kTimeout};
  for (const Race& race : {Race{task_done, timeout}, Race{timeout, task_done}, Race{task_done, kStop},
                           Race{kStop, task_done}, Race{timeout, kStop}, Race{kStop, timeout}}) {
    SCOPED_TRACE(race.Name());
    Round round;
    round.queue.put(1);
    round.queue.get();
    Background joiner([&] { round.queue.join(round.Options()); });
    Eventually([&] { return round.queue.waiting_joiners() == 1; });
    race.first.run(round);
    race.second.run(round);
    EXPECT_EQ(joiner.Ended(), race.first.outcome);
  }
}

}  // namespace
}  // namespace sluice
