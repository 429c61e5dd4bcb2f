// shutdown as CPython 3.13's queue has it, for every order, as a table: each row is a promise, told as what is called
// and what comes of it. The queue has maxsize 2. A call with a name in front may block: "waits"; the name alone tells
// what came of it later. A get that succeeds gives an "item"; task_done, release and fail settle the oldest one held.
#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/unit/server/queue/test_core.h"

namespace sluice::queue {
namespace {

struct Row {
  const char* promise;
  std::vector<std::pair<std::string, std::string>> story;  // call, what comes of it
};

// clang-format off
const std::vector<Row> kRows = {
    // ---- what CPython's test_queue demands ----
    {"An empty queue that is shut down refuses put and get",
     {{"shutdown", "ok"}, {"put", "SHUT_DOWN"}, {"get", "SHUT_DOWN"}}},
    {"The nowait and timeout forms are refused alike",
     {{"shutdown", "ok"}, {"put_nowait", "SHUT_DOWN"}, {"get_nowait", "SHUT_DOWN"}, {"get_timeout", "SHUT_DOWN"}, {"put_timeout", "SHUT_DOWN"}}},
    {"get drains what is left, then is refused",
     {{"put", "ok"}, {"put", "ok"}, {"shutdown", "ok"}, {"get", "item"}, {"get_nowait", "item"}, {"get", "SHUT_DOWN"}, {"get_nowait", "SHUT_DOWN"}, {"get_timeout", "SHUT_DOWN"}}},
    {"immediate leaves nothing to get",
     {{"put", "ok"}, {"shutdown immediate", "ok"}, {"qsize", "0"}, {"get", "SHUT_DOWN"}, {"get_nowait", "SHUT_DOWN"}}},
    {"A graceful shutdown may become an immediate one",
     {{"put", "ok"}, {"shutdown", "ok"}, {"qsize", "1"}, {"shutdown immediate", "ok"}, {"qsize", "0"}, {"get", "SHUT_DOWN"}}},
    {"An immediate shutdown does not become a graceful one",
     {{"put", "ok"}, {"get", "item"}, {"shutdown immediate", "ok"}, {"shutdown", "ok"}, {"release", "ok"}, {"qsize", "0"}}},
    {"A second shutdown changes nothing",
     {{"put", "ok"}, {"shutdown", "ok"}, {"shutdown", "ok"}, {"get", "item"}, {"task_done", "ok"}, {"join", "ok"}}},
    {"All methods in one thread, graceful",
     {{"put", "ok"}, {"put_nowait", "ok"}, {"shutdown", "ok"}, {"put", "SHUT_DOWN"}, {"put_nowait", "SHUT_DOWN"}, {"get", "item"}, {"task_done", "ok"},
      {"get", "item"}, {"task_done", "ok"}, {"join", "ok"}, {"get", "SHUT_DOWN"}, {"get_nowait", "SHUT_DOWN"}, {"get_timeout", "SHUT_DOWN"}}},
    {"All methods in one thread, immediate",
     {{"put", "ok"}, {"put_nowait", "ok"}, {"shutdown immediate", "ok"}, {"put", "SHUT_DOWN"}, {"put_nowait", "SHUT_DOWN"}, {"get", "SHUT_DOWN"},
      {"get_nowait", "SHUT_DOWN"}, {"task_done", "LEASE_LOST"}, {"join", "ok"}}},
    {"Of three gets after a shutdown with two items one is refused",
     {{"put", "ok"}, {"put", "ok"}, {"shutdown", "ok"}, {"get", "item"}, {"get", "item"}, {"get", "SHUT_DOWN"}}},
    {"A blocked get is released by shutdown",
     {{"G: get", "waits"}, {"shutdown", "ok"}, {"G", "SHUT_DOWN"}}},
    {"Every blocked get is released by shutdown, with and without a timeout",
     {{"G1: get", "waits"}, {"G2: get_timeout", "waits"}, {"G3: get", "waits"}, {"shutdown", "ok"}, {"G1", "SHUT_DOWN"}, {"G2", "SHUT_DOWN"}, {"G3", "SHUT_DOWN"}}},
    {"A blocked get is released by an immediate shutdown",
     {{"G: get", "waits"}, {"shutdown immediate", "ok"}, {"G", "SHUT_DOWN"}}},
    {"A blocked put is released by shutdown and its item is not in the queue",
     {{"put", "ok"}, {"put", "ok"}, {"P1: put", "waits"}, {"P2: put_timeout", "waits"}, {"shutdown", "ok"}, {"P1", "SHUT_DOWN"}, {"P2", "SHUT_DOWN"}, {"qsize", "2"}}},
    {"A blocked put is released by an immediate shutdown, which makes room for nobody",
     {{"put", "ok"}, {"put", "ok"}, {"P: put", "waits"}, {"shutdown immediate", "ok"}, {"P", "SHUT_DOWN"}, {"qsize", "0"}}},
    {"Room that draining makes after shutdown is not for puts",
     {{"put", "ok"}, {"put", "ok"}, {"shutdown", "ok"}, {"get", "item"}, {"put", "SHUT_DOWN"}}},
    {"A blocked join waits on after shutdown until what is left is done",
     {{"put", "ok"}, {"J1: join", "waits"}, {"J2: join", "waits"}, {"shutdown", "ok"}, {"J1", "waits"}, {"get", "item"}, {"J1", "waits"}, {"task_done", "ok"}, {"J1", "ok"}, {"J2", "ok"}}},
    {"A blocked join is released by an immediate shutdown",
     {{"put", "ok"}, {"J1: join", "waits"}, {"J2: join", "waits"}, {"shutdown immediate", "ok"}, {"J1", "ok"}, {"J2", "ok"}}},
    {"put, shutdown, get and task_done release a join",
     {{"put", "ok"}, {"J: join", "waits"}, {"shutdown", "ok"}, {"put", "SHUT_DOWN"}, {"get_nowait", "item"}, {"task_done", "ok"}, {"J", "ok"}}},
    {"Items that were got before shutdown are finished after it",
     {{"put", "ok"}, {"put", "ok"}, {"get", "item"}, {"get", "item"}, {"J: join", "waits"}, {"shutdown", "ok"}, {"task_done", "ok"}, {"J", "waits"}, {"task_done", "ok"}, {"J", "ok"}}},
    {"An item that was got before an immediate shutdown may still be finished, and join waits for it",
     {{"put", "ok"}, {"put", "ok"}, {"get", "item"}, {"J: join", "waits"}, {"shutdown immediate", "ok"}, {"J", "waits"}, {"task_done", "ok"}, {"J", "ok"}, {"task_done", "LEASE_LOST"}}},
    {"More task_done than gets is refused after shutdown as before",
     {{"put", "ok"}, {"get", "item"}, {"shutdown", "ok"}, {"task_done", "ok"}, {"task_done", "LEASE_LOST"}}},
    // ---- both orders of two events ----
    {"put before shutdown is in, after it is refused",
     {{"put", "ok"}, {"shutdown", "ok"}, {"put", "SHUT_DOWN"}, {"qsize", "1"}}},
    {"A get that blocks before the put gets the item; shutdown comes too late for it",
     {{"G: get", "waits"}, {"put", "ok"}, {"G", "item"}, {"shutdown", "ok"}, {"get", "SHUT_DOWN"}}},
    {"A get that frees room before shutdown lets the blocked put in",
     {{"put", "ok"}, {"put", "ok"}, {"P: put", "waits"}, {"get", "item"}, {"P", "ok"}, {"shutdown", "ok"}, {"qsize", "2"}}},
    {"A timeout before shutdown is Empty or Full, not ShutDown",
     {{"G: get_timeout", "waits"}, {"time passes", ""}, {"G", "EMPTY"}, {"put", "ok"}, {"put", "ok"}, {"P: put_timeout", "waits"}, {"time passes", ""}, {"P", "FULL"}, {"shutdown", "ok"}}},
    {"join before and after shutdown of a finished queue is done at once",
     {{"join", "ok"}, {"shutdown", "ok"}, {"join", "ok"}}},
    // ---- what a shut down queue does with what comes back ----
    {"An item that is released after a graceful shutdown is got again",
     {{"put", "ok"}, {"get", "item"}, {"shutdown", "ok"}, {"get", "SHUT_DOWN"}, {"release", "ok"}, {"get", "item"}, {"task_done", "ok"}, {"join", "ok"}}},
    {"An item that is released after an immediate shutdown is discarded, which ends the join",
     {{"put", "ok"}, {"get", "item"}, {"J: join", "waits"}, {"shutdown immediate", "ok"}, {"release", "ok"}, {"qsize", "0"}, {"J", "ok"}}},
    {"An item that fails after an immediate shutdown is discarded, which ends the join",
     {{"put", "ok"}, {"get", "item"}, {"J: join", "waits"}, {"shutdown immediate", "ok"}, {"fail", "ok"}, {"J", "ok"}}},
    {"An item whose lease is lost after an immediate shutdown is discarded",
     {{"put", "ok"}, {"get", "item"}, {"J: join", "waits"}, {"shutdown immediate", "ok"}, {"lease passes", ""}, {"J", "ok"}, {"unfinished", "0"}}},
    // ---- workers that end by themselves ----
    {"A worker's get waits on while a colleague holds an item, and gets it when it comes back",
     {{"put", "ok"}, {"get", "item"}, {"W: get_until_finished", "waits"}, {"shutdown", "ok"}, {"W", "waits"}, {"release", "ok"}, {"W", "item"}}},
    {"A worker's get ends when the last item is done",
     {{"put", "ok"}, {"get", "item"}, {"shutdown", "ok"}, {"W: get_until_finished", "waits"}, {"get", "SHUT_DOWN"}, {"task_done", "ok"}, {"W", "SHUT_DOWN"}}},
    {"A worker's get ends when the last item is discarded",
     {{"put", "ok"}, {"get", "item"}, {"W: get_until_finished", "waits"}, {"shutdown immediate", "ok"}, {"W", "waits"}, {"release", "ok"}, {"W", "SHUT_DOWN"}}},
    {"A worker's get is refused at once when all is finished",
     {{"shutdown", "ok"}, {"get_until_finished", "SHUT_DOWN"}}},
    {"A worker's get_nowait is Empty while a colleague holds an item",
     {{"put", "ok"}, {"get", "item"}, {"shutdown", "ok"}, {"get_until_finished_nowait", "EMPTY"}, {"task_done", "ok"}, {"get_until_finished_nowait", "SHUT_DOWN"}}},
    // ---- pause and reopen ----
    {"A paused queue that is shut down drains when it is resumed",
     {{"put", "ok"}, {"pause", "ok"}, {"G1: get", "waits"}, {"G2: get", "waits"}, {"shutdown", "ok"}, {"G1", "waits"}, {"get_nowait", "EMPTY"}, {"resume", "ok"}, {"G1", "item"}, {"G2", "SHUT_DOWN"}}},
    {"A get that waits at a paused, shut down queue ends when it is purged",
     {{"put", "ok"}, {"pause", "ok"}, {"G: get", "waits"}, {"shutdown", "ok"}, {"purge", "ok"}, {"G", "SHUT_DOWN"}}},
    {"reopen undoes shutdown",
     {{"shutdown", "ok"}, {"put", "SHUT_DOWN"}, {"reopen", "ok"}, {"put", "ok"}, {"get", "item"}, {"G: get", "waits"}}},
    {"reopen undoes an immediate shutdown: what comes back is kept again",
     {{"put", "ok"}, {"get", "item"}, {"shutdown immediate", "ok"}, {"reopen", "ok"}, {"release", "ok"}, {"get", "item"}}},
};
// clang-format on

// One queue and those who hold and wait.
class Storyteller {
 public:
  explicit Storyteller(Order order) { core_.Create("q", {.order = order, .maxsize = 2, .lease = 60'000ms}); }

  // Does a call, or looks what came of a named one.
  std::string Tell(const std::string& call) {
    if (const auto colon = call.find(": "); colon != std::string::npos) {
      const OperationId op = Begin(call.substr(colon + 2));
      named_[call.substr(0, colon)] = op;
      return OutcomeOf(op);
    }
    if (const auto named = named_.find(call); named != named_.end()) return OutcomeOf(named->second);
    if (call == "qsize") return std::to_string(core_.StatsOf("q").ready);
    if (call == "unfinished") return std::to_string(core_.StatsOf("q").unfinished);
    if (call == "time passes" || call == "lease passes") {
      core_.Pass(call == "time passes" ? 1'000ms : 60'000ms);
      return "";
    }
    return OutcomeOf(Begin(call));
  }

 private:
  OperationId Begin(const std::string& call) {
    const WaitTime timeout = call.ends_with("_nowait")    ? kNoWait
                             : call.ends_with("_timeout") ? WaitTime(1'000ms)
                                                          : WaitTime(kForever);
    if (call.starts_with("put")) return core_.Begin(TestCore::PutOf("q", {"x"}, timeout, ++priority_ % 2));
    if (call.starts_with("get")) {
      sluice::Get get = TestCore::GetOf("q", timeout);
      get.until_finished = call.find("until_finished") != std::string::npos;
      return core_.Begin(get);
    }
    if (call == "join") return core_.Begin(Join{{"q"}, kForever, false});
    if (call == "shutdown") return core_.Begin(Shutdown{"q", false});
    if (call == "shutdown immediate") return core_.Begin(Shutdown{"q", true});
    if (call == "reopen") return core_.Begin(Reopen{"q"});
    if (call == "purge") return core_.Begin(PurgeQueue{"q"});
    if (call == "pause") return core_.Begin(UpdateQueue{"q", {.paused = true}});
    if (call == "resume") return core_.Begin(UpdateQueue{"q", {.paused = false}});
    const Fence fence = NextHeld();
    if (call == "release") return core_.Begin(Release{"q", {fence}});
    if (call == "fail") return core_.Begin(Fail{"q", {fence}, ""});
    EXPECT_EQ(call, "task_done") << "unknown call";
    return core_.Begin(TaskDone{"q", {fence}});
  }

  std::string OutcomeOf(OperationId op) {
    const std::string outcome = core_.Outcome(op);
    if (outcome == "waits") return outcome;
    const auto* got = std::get_if<GetResult>(&core_.AnswerOf(op).result);
    if (got == nullptr) return outcome;
    const Fence fence = got->deliveries.at(0).fence;
    if (std::find(got_.begin(), got_.end(), fence) == got_.end()) got_.push_back(fence);
    return "item";
  }

  // The oldest one that was not settled; when there is none, one that was never given.
  Fence NextHeld() { return settled_ < got_.size() ? got_[settled_++] : Fence{1'000'000}; }

  TestCore core_;
  std::map<std::string, OperationId> named_;
  std::vector<Fence> got_;
  std::size_t settled_ = 0;
  std::int64_t priority_ = 0;
};

class ShutdownTest : public testing::TestWithParam<std::tuple<Order, std::size_t>> {};

TEST_P(ShutdownTest, KeepsThePromise) {
  const auto& [order, index] = GetParam();
  const Row& row = kRows.at(index);
  SCOPED_TRACE(row.promise);
  Storyteller queue(order);
  std::size_t line = 0;
  for (const auto& [call, outcome] : row.story) {
    EXPECT_EQ(queue.Tell(call), outcome) << "at call " << ++line << ": " << call;
  }
}

// "fifo_get_drains_what_is_left_then_is_refused"
std::string NameOf(const testing::TestParamInfo<ShutdownTest::ParamType>& info) {
  const char* orders[] = {"fifo_", "lifo_", "priority_"};
  std::string name = orders[static_cast<int>(std::get<0>(info.param))];
  for (const char c : std::string(kRows.at(std::get<1>(info.param)).promise)) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
    if (c == ' ') name += '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Promises, ShutdownTest,
                         testing::Combine(testing::Values(Order::kFifo, Order::kLifo, Order::kPriority),
                                          testing::Range(std::size_t{0}, kRows.size())),
                         NameOf);

TEST(ShutdownCountsTest, TellHowManyWereDiscarded) {
  TestCore core;
  core.Create("q");
  core.Put("q", {"a", "b", "c"});
  const auto held = core.Take("q");
  EXPECT_EQ(core.Must<ShutdownResult>(Shutdown{"q", false}).discarded, 0u);
  EXPECT_EQ(core.Must<ShutdownResult>(Shutdown{"q", true}).discarded, 2u);
  EXPECT_EQ(core.Must<ShutdownResult>(Shutdown{"q", true}).discarded, 0u);
  EXPECT_EQ(core.Release("q", held), "ok");
  const QueueStats stats = core.StatsOf("q");
  EXPECT_EQ(stats.discarded, 3u);
  EXPECT_EQ(stats.unfinished, 0u);
  EXPECT_TRUE(stats.shut_down);
}

TEST(ShutdownCountsTest, AnItemOutOfAttemptsIsDeadNotDiscarded) {
  TestCore core;
  core.Create("q", {.max_attempts = 1});
  core.Put("q", {"a"});
  const auto held = core.Take("q");
  EXPECT_EQ(core.Do(Shutdown{"q", true}), "ok");
  EXPECT_EQ(core.Fail("q", held), "ok");
  EXPECT_EQ(core.StatsOf("q").dead, 1u);
  EXPECT_EQ(core.StatsOf("q").discarded, 0u);
}

}  // namespace
}  // namespace sluice::queue
