#include "client/cpp/src/turns.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <sluice/mutex.h>

namespace sluice::detail {
namespace {

using namespace std::chrono_literals;

// A wire on which answers arrive: one a step, read by the thread whose turn it is.
class TurnsTest : public ::testing::Test {
 protected:
  struct Arrival {
    std::shared_ptr<Waiting> to;  // null: nothing but an event
    bool last = false;
  };

  void TearDown() override {
    turns_.SetKeepersTurn(true);
    Arrive({nullptr, true});
    if (keeper_.joinable()) keeper_.join();
  }

  void StartKeeper() {
    keeper_ = std::thread([this] { turns_.Keep(); });
  }

  void Arrive(Arrival arrival) {
    MutexLock lock(mutex_);
    arrivals_.push_back(std::move(arrival));
    arrived_.NotifyOne();
  }

  bool Step(SteadyTime until) {
    Arrival arrival;
    {
      MutexLock lock(mutex_);
      reader_ = std::this_thread::get_id();
      changed_.NotifyAll();
      while (arrivals_.empty() && SteadyNow() < until) {
        arrived_.WaitFor(mutex_, std::min(until, SteadyNow() + 1h) - SteadyNow());
      }
      if (arrivals_.empty()) {
        reader_.reset();
        return true;
      }
      arrival = std::move(arrivals_.front());
      arrivals_.pop_front();
      reader_.reset();
    }
    if (arrival.to) arrival.to->Finish(Answer::Ok(ReopenResult{}), 1);
    return !arrival.last;
  }

  void Look() {
    MutexLock lock(mutex_);
    ++looks_;
    changed_.NotifyAll();
  }
  // Blocks: until the keeper has looked so often.
  void AwaitLooks(int looks) {
    MutexLock lock(mutex_);
    while (looks_ < looks) changed_.Wait(mutex_);
  }

  // Blocks: until that thread waits at the wire, or `most` has passed.
  bool Reads(std::thread::id thread, std::chrono::milliseconds most = 10s) {
    const auto deadline = std::chrono::steady_clock::now() + most;
    MutexLock lock(mutex_);
    while (reader_ != thread && std::chrono::steady_clock::now() < deadline) changed_.WaitFor(mutex_, 5ms);
    return reader_ == thread;
  }

  Turns turns_{[this](SteadyTime until) { return Step(until); }, [this] { Look(); }};
  std::thread keeper_;
  Mutex mutex_;
  CondVar arrived_;
  CondVar changed_;
  std::deque<Arrival> arrivals_ SLUICE_GUARDED_BY(mutex_);
  int looks_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::optional<std::thread::id> reader_ SLUICE_GUARDED_BY(mutex_);  // who waits at the wire
};

TEST_F(TurnsTest, AThreadThatWaitsReadsItsAnswerItself) {
  const auto waiting = std::make_shared<Waiting>();
  Arrive({waiting});
  turns_.Await(waiting);  // there is no other thread that could
  EXPECT_TRUE(waiting->Take().answer.ok());
}

TEST_F(TurnsTest, OneReadsForAllAndLeavesTheTurnToTheNext) {
  const auto first = std::make_shared<Waiting>();
  const auto second = std::make_shared<Waiting>();
  std::thread one([&] { turns_.Await(first); });
  ASSERT_TRUE(Reads(one.get_id()));
  std::thread two([&] { turns_.Await(second); });
  Arrive({nullptr});
  ASSERT_TRUE(Reads(one.get_id()));
  const auto id = two.get_id();
  Arrive({first});
  one.join();
  EXPECT_TRUE(Reads(id));
  Arrive({second});
  two.join();
}

TEST_F(TurnsTest, AThreadThatWaitsNoLongerLeavesTheTurnToTheNext) {
  const auto first = std::make_shared<Waiting>();
  const auto second = std::make_shared<Waiting>();
  EXPECT_FALSE(turns_.Await(first, SteadyNow() + 1ms));
  std::thread two([&] { turns_.Await(second); });
  ASSERT_TRUE(Reads(two.get_id()));
  Arrive({first});
  EXPECT_TRUE(turns_.Await(first));  // read by the other
  Arrive({second});
  two.join();
}

TEST_F(TurnsTest, AThreadThatHasLeftTheLineIsNotCountedOn) {
  const auto first = std::make_shared<Waiting>();
  const auto left = std::make_shared<Waiting>();
  const auto third = std::make_shared<Waiting>();
  std::thread one([&] { turns_.Await(first); });
  ASSERT_TRUE(Reads(one.get_id()));
  EXPECT_FALSE(turns_.Await(left, SteadyNow() + 1ms));
  std::thread three([&] { turns_.Await(third); });
  const auto id = three.get_id();
  Arrive({first});
  one.join();
  EXPECT_TRUE(Reads(id));
  Arrive({third});
  three.join();
}

TEST_F(TurnsTest, AnAnswerReadByAnotherEndsTheWait) {
  const auto first = std::make_shared<Waiting>();
  const auto second = std::make_shared<Waiting>();
  std::thread one([&] { turns_.Await(first); });
  ASSERT_TRUE(Reads(one.get_id()));
  Arrive({second});
  turns_.Await(second);
  EXPECT_TRUE(second->answered());
  Arrive({first});
  one.join();
}

TEST_F(TurnsTest, TheKeeperReadsWhenNoCallWaits) {
  StartKeeper();
  EXPECT_TRUE(Reads(keeper_.get_id()));
}

TEST_F(TurnsTest, TheKeeperLeavesTheTurnToACall) {
  StartKeeper();
  ASSERT_TRUE(Reads(keeper_.get_id()));
  const auto waiting = std::make_shared<Waiting>();
  std::thread call([&] { turns_.Await(waiting); });
  const auto id = call.get_id();
  while (!Reads(id, 20ms)) Arrive({nullptr});  // the keeper looks up after each event
  Arrive({waiting});
  call.join();
  EXPECT_TRUE(Reads(keeper_.get_id()));  // nobody calls any more
}

TEST_F(TurnsTest, TheKeeperKeepsTheTurnWhileAnswersComeThatNobodyWaitsFor) {
  StartKeeper();
  turns_.SetKeepersTurn(true);
  const auto waiting = std::make_shared<Waiting>();
  std::thread call([&] { turns_.Await(waiting); });
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(Reads(keeper_.get_id()));
    Arrive({nullptr});
  }
  Arrive({waiting});
  call.join();
}

TEST_F(TurnsTest, ACallThatHasTheTurnIsToldToLeaveIt) {
  StartKeeper();
  ASSERT_TRUE(Reads(keeper_.get_id()));
  EXPECT_FALSE(turns_.SetKeepersTurn(true));
  EXPECT_FALSE(turns_.SetKeepersTurn(false));
  const auto waiting = std::make_shared<Waiting>();
  std::thread call([&] { turns_.Await(waiting); });
  const auto id = call.get_id();
  while (!Reads(id, 20ms)) Arrive({nullptr});  // the keeper looks up after each event
  EXPECT_TRUE(turns_.SetKeepersTurn(true));
  Arrive({nullptr});
  EXPECT_TRUE(Reads(keeper_.get_id()));
  Arrive({waiting});
  call.join();
}

TEST_F(TurnsTest, TheKeeperLooksSoonThoughACallHasTheTurn) {
  const auto waiting = std::make_shared<Waiting>();
  std::thread call([&] { turns_.Await(waiting); });
  ASSERT_TRUE(Reads(call.get_id()));
  StartKeeper();
  for (int looks = 1; looks <= 3; ++looks) {
    EXPECT_TRUE(turns_.LookSoon());
    AwaitLooks(looks);  // or hangs
  }
  Arrive({waiting});
  call.join();
}

TEST_F(TurnsTest, AKeeperThatWaitsForTheNextEventDoesNotLookSoon) {
  StartKeeper();
  ASSERT_TRUE(Reads(keeper_.get_id()));
  EXPECT_FALSE(turns_.LookSoon());
}

TEST(WaitingTest, ThatIsAnsweredTakesNoPoke) {
  Waiting waiting;
  EXPECT_TRUE(waiting.Poke());
  EXPECT_TRUE(waiting.Sleep(SteadyTime::max()));
  waiting.Finish(Answer::Ok(PutResult{}), {});
  EXPECT_FALSE(waiting.Poke());
  EXPECT_FALSE(waiting.Sleep(SteadyTime::max()));
}

TEST_F(TurnsTest, ManyCallsAtOnceAreAllAnswered) {
  StartKeeper();
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([this] {
      for (int call = 0; call < 500; ++call) {
        const auto waiting = std::make_shared<Waiting>();
        Arrive({waiting});
        turns_.Await(waiting);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
}

}  // namespace
}  // namespace sluice::detail
