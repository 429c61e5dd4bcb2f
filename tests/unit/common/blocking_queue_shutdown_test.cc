// shutdown, case by case as CPython 3.13 does it.
#include <sluice/blocking_queue.h>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/common/background.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;
using testing::Background;
using testing::Eventually;
using testing::ReasonOf;

constexpr bool kGraceful = false;
constexpr bool kImmediate = true;

// ---- the states: what each call does afterwards ---------------------------------------------------

struct State {
  const char* name;
  std::size_t put, taken;       // items before
  std::vector<bool> shutdowns;  // in this order
  std::size_t discarded;        // by the last of them
  std::size_t drained;          // items that gets still give out
};

void PrintTo(const State& state, std::ostream* out) { *out << state.name; }

const State kStates[] = {
    // name                              put taken  shutdowns                 discarded drained
    {"Empty", /*                        */ 0, 0, {kGraceful}, /*             */ 0, 0},
    {"EmptyImmediate", /*               */ 0, 0, {kImmediate}, /*            */ 0, 0},
    {"Full", /*                         */ 2, 0, {kGraceful}, /*             */ 0, 2},
    {"FullImmediate", /*                */ 2, 0, {kImmediate}, /*            */ 2, 0},
    {"OneInWork", /*                    */ 2, 1, {kGraceful}, /*             */ 0, 1},
    {"OneInWorkImmediate", /*           */ 2, 1, {kImmediate}, /*            */ 1, 0},
    {"AllInWork", /*                    */ 2, 2, {kGraceful}, /*             */ 0, 0},
    {"AllInWorkImmediate", /*           */ 2, 2, {kImmediate}, /*            */ 0, 0},
    {"Twice", /*                        */ 2, 1, {kGraceful, kGraceful}, /*  */ 0, 1},
    {"ImmediateTwice", /*               */ 2, 1, {kImmediate, kImmediate}, /**/ 0, 0},
    {"GracefulThenImmediate", /*        */ 2, 1, {kGraceful, kImmediate}, /* */ 1, 0},
    {"ImmediateThenGraceful", /*        */ 2, 1, {kImmediate, kGraceful}, /* */ 0, 0},
};

template <typename OrderPolicy>
void CheckState(const State& state) {
  BlockingQueue<int, OrderPolicy> queue(2);
  for (std::size_t i = 0; i < state.put; ++i) queue.put(1);
  for (std::size_t i = 0; i < state.taken; ++i) queue.get();
  EXPECT_FALSE(queue.is_shutdown());
  std::size_t discarded = 0;
  for (const bool immediate : state.shutdowns) discarded = queue.shutdown(immediate);
  EXPECT_TRUE(queue.is_shutdown());
  EXPECT_EQ(discarded, state.discarded);

  // Puts are refused at once, however they wait.
  EXPECT_EQ(ReasonOf([&] { queue.put(1); }), Reason::kShutDown);
  EXPECT_EQ(ReasonOf([&] { queue.put(1, {.timeout = 1h}); }), Reason::kShutDown);
  EXPECT_EQ(ReasonOf([&] { queue.put_nowait(1); }), Reason::kShutDown);
  EXPECT_EQ(ReasonOf([&] { (void)queue.try_put(1); }), Reason::kShutDown);
  EXPECT_EQ(ReasonOf([&] { queue.put_many({1, 1}); }), Reason::kShutDown);

  // Gets drain what is left, then are refused at once, however they wait.
  EXPECT_EQ(queue.qsize(), state.drained);
  for (std::size_t i = 0; i < state.drained; ++i) EXPECT_EQ(queue.get(), 1);
  EXPECT_EQ(ReasonOf([&] { queue.get(); }), Reason::kShutDown);
  EXPECT_EQ(ReasonOf([&] { queue.get({.timeout = 1h}); }), Reason::kShutDown);
  EXPECT_EQ(ReasonOf([&] { queue.get_nowait(); }), Reason::kShutDown);
  EXPECT_EQ(ReasonOf([&] { (void)queue.try_get(); }), Reason::kShutDown);
  EXPECT_EQ(ReasonOf([&] { queue.get_many(2); }), Reason::kShutDown);

  // What is in work can be finished; join waits for that and for nothing else.
  const std::size_t in_work = state.taken + state.drained;
  EXPECT_EQ(queue.unfinished(), in_work);
  EXPECT_EQ(ReasonOf([&] { queue.join({.timeout = 0ms}); }), in_work ? Reason::kTimeout : Reason::kOk);
  EXPECT_EQ(ReasonOf([&] { queue.task_done(in_work + 1); }), Reason::kInvalidArgument);
  for (std::size_t i = 0; i < in_work; ++i) queue.task_done();
  EXPECT_EQ(ReasonOf([&] { queue.join({.timeout = 0ms}); }), Reason::kOk);
  EXPECT_EQ(ReasonOf([&] { queue.task_done(); }), Reason::kInvalidArgument);
}

class BlockingQueueShutdownState : public ::testing::TestWithParam<State> {};

TEST_P(BlockingQueueShutdownState, Fifo) { CheckState<Fifo>(GetParam()); }
TEST_P(BlockingQueueShutdownState, Lifo) { CheckState<Lifo>(GetParam()); }
TEST_P(BlockingQueueShutdownState, Priority) { CheckState<Priority<>>(GetParam()); }

INSTANTIATE_TEST_SUITE_P(CPython, BlockingQueueShutdownState, ::testing::ValuesIn(kStates),
                         [](const auto& test) { return std::string(test.param.name); });

// ---- the waiters: how blocked calls end -----------------------------------------------------------

class BlockingQueueShutdownWaiters : public ::testing::TestWithParam<bool> {
 protected:
  bool Immediate() const { return GetParam(); }
  BlockingQueue<int> queue_{2};
};

TEST_P(BlockingQueueShutdownWaiters, BlockedGettersEnd) {
  Background first([this] { queue_.get(); });
  Background second([this] { queue_.get_many(2, {.timeout = 1h}); });
  Eventually([this] { return queue_.waiting_getters() == 2; });
  queue_.shutdown(Immediate());
  EXPECT_EQ(first.Ended(), Reason::kShutDown);
  EXPECT_EQ(second.Ended(), Reason::kShutDown);
}

TEST_P(BlockingQueueShutdownWaiters, BlockedPuttersEndAndAddNothing) {
  queue_.put_many({1, 2});
  Background first([this] { queue_.put(3); });
  Background second([this] { queue_.put_many({4, 5}, {.timeout = 1h}); });
  Eventually([this] { return queue_.waiting_putters() == 2; });
  queue_.shutdown(Immediate());
  EXPECT_EQ(first.Ended(), Reason::kShutDown);
  EXPECT_EQ(second.Ended(), Reason::kShutDown);
  EXPECT_EQ(queue_.qsize(), Immediate() ? 0u : 2u);
}

TEST_P(BlockingQueueShutdownWaiters, JoinersWaitForWhatIsLeftUnlessItIsDiscarded) {
  queue_.put_many({1, 2});
  Background joiner([this] { queue_.join(); });
  Eventually([this] { return queue_.waiting_joiners() == 1; });
  queue_.shutdown(Immediate());
  if (!Immediate()) {
    EXPECT_EQ(queue_.waiting_joiners(), 1u);
    queue_.get_many(2);
    queue_.task_done(2);
  }
  EXPECT_EQ(joiner.Ended(), Reason::kOk);
}

TEST_P(BlockingQueueShutdownWaiters, JoinersWaitForWhatIsInWork) {
  queue_.put_many({1, 2});
  queue_.get_many(2);
  Background joiner([this] { queue_.join(); });
  Eventually([this] { return queue_.waiting_joiners() == 1; });
  queue_.shutdown(Immediate());
  queue_.task_done();
  EXPECT_EQ(queue_.waiting_joiners(), 1u);
  queue_.task_done();
  EXPECT_EQ(joiner.Ended(), Reason::kOk);
}

INSTANTIATE_TEST_SUITE_P(CPython, BlockingQueueShutdownWaiters, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Immediate" : "Graceful"; });

// ---- beyond CPython -------------------------------------------------------------------------------

// The item's destructor may use the queue: it is not called under the queue's lock.
TEST(BlockingQueueShutdown, DiscardedItemsAreDestroyedOutsideTheLock) {
  struct Asks {
    BlockingQueue<std::unique_ptr<Asks>>* queue;
    bool* shut_down;
    ~Asks() { *shut_down = queue->is_shutdown(); }
  };
  bool shut_down = false;
  BlockingQueue<std::unique_ptr<Asks>> queue;
  queue.put(std::unique_ptr<Asks>(new Asks{&queue, &shut_down}));
  EXPECT_EQ(queue.shutdown(kImmediate), 1u);
  EXPECT_TRUE(shut_down);
}

}  // namespace
}  // namespace sluice
