// Many threads at once, on the real clock: every operation is answered exactly once, every item ends exactly once.
#include <atomic>
#include <future>
#include <map>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/server/broker/broker_fixture.h"

namespace sluice::broker {
namespace {

constexpr int kThreads = 4;
constexpr int kRounds = 1500;
const std::string kSpaces[] = {"default", "other"};

class Stress : public ::testing::Test {
 protected:
  Stress() {
    for (const std::string& space : kSpaces) Submit({}, space, CreateQueue{"q", {.maxsize = 8}});
  }

  // Submits and counts what comes back; an item that was got goes on by chance: done, failed, released, undelivered.
  OperationRef Submit(SessionId session, const std::string& space, Command command) {
    ++submitted;
    return broker.Submit(session, space, std::move(command),
                         [this, space, session, once = std::make_shared<std::atomic<int>>(0)](Answer&& answer) {
                           EXPECT_EQ(once->fetch_add(1), 0);
                           ++answered;
                           if (const auto* got = std::get_if<GetResult>(&answer.result)) Settle(session, space, *got);
                         });
  }

  void Settle(SessionId session, const std::string& space, const GetResult& got) {
    if (got.auto_ack) {
      if (settled++ % 4 == 0) return broker.Undelivered(space, got.deliveries);
      return broker.Delivered(space, got.deliveries);
    }
    const std::vector<Fence> fences = {got.deliveries.front().fence};
    switch (settled++ % 4) {
      case 0: Submit(session, space, Release{"q", fences}); break;
      case 1: Submit(session, space, Fail{"q", fences, "by chance"}); break;
      default: Submit(session, space, TaskDone{"q", fences}); break;
    }
  }

  // In the end: takes what is left and finishes it.
  void Consume(const std::string& space) {
    bool more = true;
    while (more) {
      more = false;
      broker.Submit({}, space, GetOne(0ms), [&](Answer&& answer) {
        const auto* got = std::get_if<GetResult>(&answer.result);
        if (got == nullptr) return;
        more = true;
        broker.Submit({}, space, TaskDone{"q", {got->deliveries.front().fence}}, [](Answer&&) {});
      });
    }
  }

  QueueStats StatsOf(const std::string& space) {
    QueueStats stats;
    broker.Submit({}, space, Stats{"q"}, [&](Answer&& answer) { stats = std::get<StatsResult>(answer.result).stats; });
    return stats;
  }

  void ExpectAllIsFinished() {
    EXPECT_EQ(broker.Status().waiters, 0u);
    EXPECT_EQ(broker.Status().sessions, 0u);
    for (const std::string& space : kSpaces) {
      Consume(space);
      const QueueStats stats = StatsOf(space);
      EXPECT_EQ(stats.unfinished, 0u) << space;
      EXPECT_EQ(stats.done, stats.put) << space;
    }
    EXPECT_EQ(broker.Status().memory_used, 0u);
  }

  // Runs `body(thread, random)` in every thread, and RunDue beside them.
  template <typename Body>
  void InThreads(Body body) {
    std::atomic<bool> stop{false};
    std::thread timer([&] {
      while (!stop.load()) {
        broker.RunDue();
        std::this_thread::yield();
      }
    });
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        std::mt19937 random(static_cast<unsigned>(thread));
        body(thread, random);
      });
    }
    for (std::thread& thread : threads) thread.join();
    stop = true;
    timer.join();
  }

  std::atomic<int> submitted{0};
  std::atomic<int> answered{0};
  std::atomic<unsigned> settled{0};
  Broker broker{{.grace = 1ms}, SteadyClock::Get(), Storage{}, [] {}};
};

TEST_F(Stress, UnaryCallsThatWaitTimeOutAndAreCancelled) {
  InThreads([&](int, std::mt19937& random) {
    std::vector<OperationRef> waiting;
    for (int round = 0; round < kRounds; ++round) {
      const std::string& space = kSpaces[random() % 2];
      const WaitTime timeout = random() % 2 == 0 ? WaitTime(1ms) : kForever;
      switch (random() % 4) {
        case 0: waiting.push_back(Submit({}, space, GetOne(timeout))); break;
        case 1: waiting.push_back(Submit({}, space, PopOne(timeout))); break;
        default: waiting.push_back(Submit({}, space, PutOne("x", timeout))); break;
      }
      if (random() % 3 != 0) continue;
      broker.Cancel(waiting[random() % waiting.size()]);
    }
    for (const OperationRef& operation : waiting) broker.Cancel(operation);
  });
  EXPECT_EQ(answered.load(), submitted.load());
  ExpectAllIsFinished();
}

// What a stream does, in one thread: takes answers when it may, confirms them, finishes what it got.
class Stream {
 public:
  Stream(std::shared_ptr<Session> session, std::uint64_t seen) : session_(std::move(session)), seen_(seen) {
    attached_ = session_->Attach(sink_, seen_).ok;
  }

  bool attached() const { return attached_; }
  std::uint64_t seen() const { return seen_; }
  void Detach() { session_->Detach(sink_.get()); }

  // Returns the leases of what it took.
  std::vector<std::pair<std::string, Fence>> Read(std::map<std::uint64_t, int>* answers) {
    std::vector<std::pair<std::string, Fence>> fences;
    for (const SessionAnswer& each : session_->TakeAnswers(sink_.get(), 16, 1u << 20)) {
      ++seen_;
      ++(*answers)[each.operation];
      const auto* got = std::get_if<GetResult>(&each.answer->result);
      if (got != nullptr && !got->auto_ack) fences.emplace_back(std::string(each.space), got->deliveries.front().fence);
    }
    EXPECT_TRUE(session_->Confirm(seen_));
    session_->Touch();
    return fences;
  }

 private:
  struct Sink final : SessionSink {
    void Wake() override { ++wakes; }
    void Gone(Reason, const std::string&) override { ++gone; }
    std::atomic<int> wakes{0};
    std::atomic<int> gone{0};
  };

  const std::shared_ptr<Session> session_;
  const std::shared_ptr<Sink> sink_ = std::make_shared<Sink>();
  std::uint64_t seen_;
  bool attached_ = false;
};

TEST_F(Stress, SessionsWhoseStreamsBreakComeBackAndEnd) {
  std::atomic<std::uint64_t> resumed{0};
  InThreads([&](int, std::mt19937& random) {
    for (int life = 0; life < 12; ++life) {
      Answer refusal;
      const auto session = broker.OpenSession("stress", 0ms, &refusal);
      ASSERT_NE(session, nullptr);
      std::map<std::uint64_t, int> answers;
      std::uint64_t operation = 0;
      auto stream = std::make_unique<Stream>(session, 0);
      for (int round = 0; round < kRounds / 12 && stream->attached(); ++round) {
        const std::string& space = kSpaces[random() % 2];
        const WaitTime timeout = random() % 2 == 0 ? WaitTime(1ms) : kForever;
        const unsigned what = random() % 8;
        if (what < 2) session->Submit(++operation, space, GetOne(timeout));
        if (what == 2) session->Submit(++operation, space, PopOne(timeout));
        if (what > 2) session->Submit(++operation, space, PutOne("x", timeout));
        if (random() % 4 == 0) {
          ++operation;
          session->Cancel(operation, 1 + random() % operation);
        }
        for (const auto& [of, fence] : stream->Read(&answers)) {
          session->Submit(++operation, of, TaskDone{"q", {fence}});
        }
        if (random() % 8 == 0) {  // breaks, or is taken over
          if (random() % 2 == 0) stream->Detach();
          stream = std::make_unique<Stream>(session, stream->seen());
          resumed += stream->attached() ? 1 : 0;
        }
      }
      for (const auto& [number, times] : answers) EXPECT_EQ(times, 1) << number;
      if (random() % 2 == 0) session->End();
      stream->Detach();  // the others end when their grace period is over
    }
  });
  EXPECT_GT(resumed.load(), 0u);
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (broker.Status().sessions > 0 && std::chrono::steady_clock::now() < deadline) {
    broker.RunDue();
    std::this_thread::yield();
  }
  ExpectAllIsFinished();
}

TEST_F(Stress, ADrainInTheMiddleLeavesNobodyWaiting) {
  InThreads([&](int thread, std::mt19937& random) {
    for (int round = 0; round < kRounds; ++round) {
      const std::string& space = kSpaces[random() % 2];
      Submit({}, space, random() % 2 == 0 ? Command(GetOne()) : Command(PutOne("x")));
      if (thread == 0 && round == kRounds / 2) broker.Drain();
    }
  });
  EXPECT_EQ(answered.load(), submitted.load());
  EXPECT_EQ(broker.Status().waiters, 0u);
}

// Submits and waits for the answer, as a thread that blocks does.
Answer Call(Broker& broker, const std::string& space, Command command) {
  auto promise = std::make_shared<std::promise<Answer>>();
  auto future = promise->get_future();
  broker.Submit({}, space, std::move(command), [promise](Answer&& answer) { promise->set_value(std::move(answer)); });
  if (future.wait_for(20s) == std::future_status::ready) return future.get();
  return Answer::Refused(Reason::kInternal, "nobody answered");
}

// Producers of two namespaces wait for memory that consumers free in both: a lost wake-up would leave one waiting.
TEST(MemoryStress, NoPutIsForgotten) {
  constexpr std::size_t kBytes = 1000;
  constexpr int kCycles = 400;
  Broker broker({.memory_bytes = 8 * (kBytes + limits::kItemOverheadBytes)}, SteadyClock::Get(), Storage{}, [] {});
  for (const std::string& space : kSpaces) ASSERT_TRUE(Call(broker, space, CreateQueue{"q", {}}).ok());
  std::vector<std::thread> threads;
  for (const std::string& space : kSpaces) {
    threads.emplace_back([&] {
      for (int item = 0; item < kCycles; ++item) {
        const Answer put = Call(broker, space, PutOne(std::string(kBytes, 'x')));
        ASSERT_TRUE(put.ok()) << put.message;
      }
    });
    threads.emplace_back([&] {
      for (int item = 0; item < kCycles; ++item) {
        const Answer got = Call(broker, space, GetOne());
        ASSERT_TRUE(got.ok()) << got.message;
        const Fence fence = std::get<GetResult>(got.result).deliveries.front().fence;
        ASSERT_TRUE(Call(broker, space, TaskDone{"q", {fence}}).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(broker.Status().memory_used, 0u);
}

}  // namespace
}  // namespace sluice::broker
