// A log that goes round many times: what it takes of the disk and of memory, and that nothing is lost on the way.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/command.h"
#include "common/limits.h"
#include "server/queue/namespace.h"

namespace sluice::queue {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;
constexpr std::size_t kPutWindow = 32'768;
constexpr std::size_t kSettledLeases = 8'192;

// A namespace and its log, which is a map: each step is written at once, and what it asks for is read at once.
class LongLog : public testing::Test {
 protected:
  LongLog() { Open(); }

  void Open() {
    core_ = std::make_unique<Namespace>("test", limits_, budget_);
    std::string error;
    for (const auto& [position, batch] : log_) ASSERT_TRUE(core_->Replay(position, batch.records, &error)) << error;
    ASSERT_TRUE(core_->EndReplay(&error)) << error;
    core_->StartLog(last_position_ + 1);
    Effects effects;
    core_->AfterReplay(now_, effects);
    Write(effects);
    core_->CheckInvariants();
  }
  void Restart() {
    core_.reset();
    EXPECT_EQ(budget_.used(), 0u);
    Open();
  }

  Answer Run(Command command, SessionId session = {}) {
    Effects effects;
    core_->Apply(OperationId{++last_operation_}, session, std::move(command), now_, true, effects);
    if (writes_) Write(effects);
    most_memory_ = std::max(most_memory_, budget_.used());
    most_log_ = std::max(most_log_, log_bytes_);
    return effects.answers.empty() ? Answer::Refused(Reason::kTimeout, "it waits") : effects.answers.front().second;
  }
  template <typename Result>
  Result Must(Command command, SessionId session = {}) {
    Answer answer = Run(std::move(command), session);
    EXPECT_TRUE(answer.ok()) << answer.message;
    return answer.ok() ? std::get<Result>(std::move(answer.result)) : Result{};
  }
  void Write(Effects& effects) {
    std::vector<std::uint64_t> loads;
    for (;;) {
      loads.insert(loads.end(), effects.loads.begin(), effects.loads.end());
      effects.loads.clear();
      if (core_->HasBatch()) {
        LogBatch batch = core_->TakeBatch(now_, effects);
        if (batch.trim != 0 && trims_) Trim(batch.trim);
        last_position_ = batch.position;
        log_bytes_ += batch.records.size() + batch.contents.size();
        log_.emplace(batch.position, std::move(batch));
      } else if (!loads.empty()) {
        const std::uint64_t position = loads.front();
        loads.erase(loads.begin());
        ASSERT_TRUE(log_.contains(position));
        ++loaded_;
        ASSERT_TRUE(core_->Loaded(position, log_.at(position).contents, now_, effects));
      } else {
        return;
      }
      most_memory_ = std::max(most_memory_, budget_.used());
    }
  }
  void Trim(std::uint64_t position) {
    while (!log_.empty() && log_.begin()->first <= position) {
      log_bytes_ -= log_.begin()->second.records.size() + log_.begin()->second.contents.size();
      log_.erase(log_.begin());
    }
  }

  void Create(const std::string& queue, Order order = Order::kFifo) {
    Must<CreateResult>(CreateQueue{queue, {.order = order, .durability = Durability::kFsync}});
  }
  static std::string Text(std::uint64_t number, std::size_t bytes) {
    std::string text = std::to_string(number) + ":";
    text.resize(std::max(bytes, text.size()), 'x');
    return text;
  }
  static Command PutOf(const std::string& queue, std::size_t count, std::size_t bytes, std::uint64_t number = 0,
                       std::string producer = "", std::uint64_t sequence = 0) {
    Put put{.queue = queue,
            .items = {},
            .timeout = 0ms,
            .create = {},
            .producer = std::move(producer),
            .sequence = sequence};
    for (std::size_t i = 0; i < count; ++i) {
      put.items.push_back(std::make_shared<const Content>(Content{Bytes(Text(number + i, bytes)), "", {}, 0}));
    }
    return put;
  }
  std::vector<Delivery> Take(const std::string& queue, std::uint32_t count, SessionId session = {}) {
    Get get;
    get.queue = queue;
    get.max_items = count;
    get.timeout = 0ms;
    get.lease = 1h;
    return Must<GetResult>(get, session).deliveries;
  }
  void Finish(const std::string& queue, const std::vector<Delivery>& deliveries) {
    TaskDone done{queue, {}};
    for (const Delivery& delivery : deliveries) done.fences.push_back(delivery.fence);
    Must<TaskDoneResult>(std::move(done));
  }
  // What is put into it is gone soon after.
  void Churn(const std::string& queue, std::size_t bytes) {
    for (std::size_t churned = 0; churned < bytes; churned += 64 * kKiB) {
      Must<PutResult>(PutOf(queue, 64, kKiB));
      for (std::size_t left = 64; left > 0;) {
        const auto deliveries = Take(queue, 64);
        ASSERT_FALSE(deliveries.empty());
        Finish(queue, deliveries);
        left -= deliveries.size();
      }
    }
  }

  NamespaceLimits limits_{.max_queues = 10,
                          .log_bytes = kMiB,
                          .window_bytes = 64 * kKiB,
                          .put_window = kPutWindow,
                          .settled_leases = kSettledLeases};
  MemoryBudget budget_{64 * kMiB};
  std::map<std::uint64_t, LogBatch> log_;
  bool trims_ = true;   // or the server ends before it does
  bool writes_ = true;  // or the disk is stuck
  std::size_t loaded_ = 0;  // batches that were read
  std::size_t log_bytes_ = 0, most_log_ = 0, most_memory_ = 0;
  std::uint64_t last_position_ = 0;
  std::uint64_t last_operation_ = 0;
  TimePoint now_{std::chrono::hours(1)};
  std::unique_ptr<Namespace> core_;
};

// ---- the disk ----

constexpr std::size_t kBacklog = 3'000;  // items of 1 KiB

class LongLogOfOrder : public LongLog, public testing::WithParamInterface<Order> {};

TEST_P(LongLogOfOrder, StaysWithinTwiceWhatIsAliveBesideABacklogThatIsOnTheDiskAlone) {
  Create("backlog", GetParam());
  Create("busy");
  // One by one: each has a batch of its own.
  for (std::size_t i = 0; i < kBacklog; ++i) Must<PutResult>(PutOf("backlog", 1, kKiB, i));
  const std::size_t alive = kBacklog * (kKiB + 128);
  Churn("busy", 8 * alive);
  EXPECT_LT(most_log_, 2 * alive + 2 * kMiB);
  core_->CheckInvariants();
}

TEST_P(LongLogOfOrder, KeepsABacklogOutOfMemoryHoweverOftenItIsCarriedForwardAndAfterARestart) {
  Create("backlog", GetParam());
  Create("busy");
  for (std::size_t i = 0; i < kBacklog; i += 50) Must<PutResult>(PutOf("backlog", 50, kKiB, i));
  // In the other orders each item has its place in memory.
  const std::size_t each = GetParam() == Order::kFifo ? limits::kColdItemBytes : limits::kItemOverheadBytes;
  const std::size_t enough = kBacklog * each + kMiB;
  for (int restart = 0; restart < 3; ++restart) {
    most_memory_ = 0;
    Churn("busy", 4 * kBacklog * kKiB);
    EXPECT_LT(most_memory_, enough) << restart;
    most_memory_ = 0;
    Restart();
    EXPECT_LT(most_memory_, enough) << restart;
  }
  for (std::size_t i = 0; i < kBacklog;) {
    const auto deliveries = Take("backlog", 100);
    ASSERT_FALSE(deliveries.empty());
    for (const Delivery& delivery : deliveries) {
      const std::size_t expected = GetParam() == Order::kLifo ? kBacklog - 1 - i : i;
      ASSERT_EQ(delivery.content->payload.view(), Text(expected, kKiB));
      ASSERT_EQ(delivery.attempt, 1u);
      ++i;
    }
    Finish("backlog", deliveries);
  }
  EXPECT_LT(log_bytes_, 2 * kMiB);
}

INSTANTIATE_TEST_SUITE_P(Orders, LongLogOfOrder, testing::Values(Order::kFifo, Order::kLifo, Order::kPriority));

TEST_F(LongLog, GivesBackWhatLargeItemsTookAsTheyAreFinishedOneByOne) {
  Create("q");
  constexpr std::size_t kItems = 100;
  for (std::size_t i = 0; i < kItems; ++i) Must<PutResult>(PutOf("q", 1, 128 * kKiB));
  for (std::size_t left = kItems; left > 0; --left) {
    Finish("q", Take("q", 1));
    ASSERT_LT(log_bytes_, 2 * left * 128 * kKiB + 2 * kMiB);
  }
}

TEST_F(LongLog, GivesBackAtTheStartWhatTheLastServerDidNot) {
  Create("q");
  trims_ = false;
  for (std::size_t i = 0; i < 100; ++i) Must<PutResult>(PutOf("q", 1, 128 * kKiB));
  for (std::size_t i = 0; i < 100; ++i) Finish("q", Take("q", 1));
  ASSERT_GT(log_bytes_, 12 * kMiB);
  trims_ = true;
  Restart();
  EXPECT_LT(log_bytes_, 2 * kMiB);
}

TEST_F(LongLog, OfFewScatteredItemsIsMadeShortAtTheStart) {
  Create("kept");
  Create("gone");
  trims_ = false;
  for (std::size_t i = 0; i < 200; ++i) {
    Must<PutResult>(PutOf("kept", 1, kKiB, i));
    Must<PutResult>(PutOf("gone", 1, 128 * kKiB));
    Finish("gone", Take("gone", 1));
  }
  trims_ = true;
  Restart();
  EXPECT_LT(log_bytes_, 3 * kMiB);
}

TEST_F(LongLog, IsShortWhereOnlySmallThingsAreOld) {
  Create("idle");
  Create("busy");
  Churn("busy", 4 * kMiB);
  EXPECT_LT(most_log_, 3 * kMiB / 4);  // and not as much as it may be
  core_->CheckInvariants();
  Restart();
  Must<DescribeResult>(DescribeQueue{"idle"});
}

TEST_F(LongLog, IsBoundedAsAServerBoundsItWhereItemsStayNowAndThen) {
  limits_.log_bytes = limits::kLogBytes;
  Restart();
  Create("kept");
  Create("busy");
  for (std::size_t i = 0; i < 200; ++i) {
    Must<PutResult>(PutOf("kept", 1, kKiB, i));
    Churn("busy", kMiB);
  }
  EXPECT_LT(most_log_, limits::kLogBytes + 4 * kMiB);
  core_->CheckInvariants();
}

// ---- memory ----

// Each would have a window of 8 MiB, were it alone.
TEST_F(LongLog, LongQueuesShareMemory) {
  limits_.window_bytes = 64 * kMiB;
  limits_.max_queues = 12;
  Restart();
  constexpr int kQueues = 12;
  for (int queue = 0; queue < kQueues; ++queue) {
    Create(std::to_string(queue));
    for (std::size_t i = 0; i < 160; ++i) Must<PutResult>(PutOf(std::to_string(queue), 1, 64 * kKiB, i));
  }
  EXPECT_LT(budget_.used(), 3 * budget_.limit() / 4);
  core_->CheckInvariants();
  Restart();
  EXPECT_LT(budget_.used(), budget_.limit() / 4 + kQueues * 64 * kKiB);
  for (int queue = 0; queue + 1 < kQueues; ++queue) {
    const std::string name = std::to_string(queue);
    for (std::size_t i = 0; i < 160; ++i) {
      const auto deliveries = Take(name, 1);
      ASSERT_EQ(deliveries.size(), 1u);
      ASSERT_EQ(deliveries.front().content->payload.view(), Text(i, 64 * kKiB));
      Finish(name, deliveries);
    }
  }
  // The last one has what two would share.
  Finish("11", Take("11", 1));
  EXPECT_GT(budget_.used(), 7 * kMiB);
  Must<DeleteResult>(DeleteQueue{"11"});
  EXPECT_EQ(budget_.PagedShare(), budget_.limit() / 8);
}

TEST_F(LongLog, DropsContentsThatComeBackToALongQueue) {
  Create("q");
  for (std::size_t i = 0; i < 2'000; ++i) Must<PutResult>(PutOf("q", 1, kKiB, i));
  const SessionId session{7};
  std::size_t taken = 0;
  while (taken < 1'500) taken += Take("q", 100, session).size();
  EXPECT_GT(budget_.used(), taken * kKiB);
  Effects effects;
  core_->EndSession(session, now_, effects);
  Write(effects);
  core_->CheckInvariants();
  EXPECT_LT(budget_.used(), 2'000 * limits::kItemOverheadBytes + 4 * limits_.window_bytes);
  EXPECT_EQ(Take("q", 1).front().content->payload.view(), Text(0, kKiB));
}

TEST_F(LongLog, WhenMemoryIsTightALongQueueIsOnTheDisk) {
  limits_.window_bytes = 64 * kMiB;
  Restart();
  budget_.Take(33 * kMiB);
  Create("q");
  for (std::size_t i = 0; i < 4'000; ++i) Must<PutResult>(PutOf("q", 1, kKiB, i));
  EXPECT_EQ(loaded_, 0u);
  EXPECT_LT(budget_.used(), 33 * kMiB + 2 * kMiB);
  for (std::size_t i = 0; i < 4'000; ++i) {
    const auto deliveries = Take("q", 1);
    ASSERT_EQ(deliveries.size(), 1u);
    ASSERT_EQ(deliveries.front().content->payload.view(), Text(i, kKiB));
    Finish("q", deliveries);
  }
  EXPECT_LT(most_memory_, 33 * kMiB + 2 * kMiB);
  core_.reset();
  EXPECT_EQ(budget_.used(), 33 * kMiB);
}

// ---- puts that come again ----

TEST_F(LongLog, KnowsTheNewestPutsHoweverOftenItGoesRound) {
  Create("q");
  constexpr std::uint64_t kPuts = kPutWindow + kPutWindow / 4;
  std::uint64_t sequence = 0;
  while (sequence < kPuts) {
    writes_ = false;
    for (int i = 0; i < 512; ++i) Must<PutResult>(PutOf("q", 1, 0, 0, "producer", ++sequence));
    writes_ = true;
    while (Must<StatsResult>(Stats{"q"}).stats.ready > 0) Finish("q", Take("q", 1'000));
  }
  const auto knows = [&](std::uint64_t of) { return Must<PutResult>(PutOf("q", 1, 0, 0, "producer", of)).duplicate; };
  std::uint64_t forgotten = 0;
  for (std::uint64_t of = sequence - kPutWindow + 1'000; of <= sequence; of += 97) forgotten += knows(of) ? 0 : 1;
  EXPECT_EQ(forgotten, 0u);
  Restart();
  for (std::uint64_t of = sequence - kPutWindow + 8'000; of <= sequence; of += 97) forgotten += knows(of) ? 0 : 1;
  EXPECT_EQ(forgotten, 0u) << "after a restart";
}

TEST_F(LongLog, KnowsAPutForItsTimeFromWhenItIsWritten) {
  Create("q");
  const auto put = [&](std::uint64_t sequence) {
    return Must<PutResult>(PutOf("q", 1, 0, 0, "producer", sequence)).duplicate;
  };
  writes_ = false;
  EXPECT_FALSE(put(1));
  now_ += limits::kPutWindowTime + 1min;
  EXPECT_FALSE(put(2));  // what is old is forgotten now
  EXPECT_TRUE(put(1)) << "it is not written yet, and will be";
  writes_ = true;
  put(3);
  put(4);
  now_ += limits::kPutWindowTime - 1min;
  put(5);
  EXPECT_TRUE(put(1)) << "its answer may have come just now";
  now_ += 2min;
  put(6);
  EXPECT_FALSE(put(1));
}

TEST_F(LongLog, KnowsAPutForItsTimeFromARestart) {
  Create("q");
  Must<PutResult>(PutOf("q", 1, 0, 0, "producer", 1));
  now_ += limits::kPutWindowTime + 1min;
  Restart();
  Must<PutResult>(PutOf("q", 1, 0, 0, "producer", 2));
  EXPECT_TRUE(Must<PutResult>(PutOf("q", 1, 0, 0, "producer", 1)).duplicate);
}

// ---- sessions ----

TEST_F(LongLog, KnowsWhatWasJustSettledInFrontOfABacklog) {
  constexpr std::size_t kItems = 3'000;
  Create("q");
  for (std::size_t i = 0; i < kItems; ++i) Must<PutResult>(PutOf("q", 1, kKiB, i));
  const std::size_t full = log_bytes_;
  const SessionId session{7};
  std::vector<Fence> fences;
  for (std::size_t i = 0; i < kItems / 2; ++i) {
    const auto deliveries = Take("q", 1, session);
    ASSERT_EQ(deliveries.size(), 1u);
    fences.push_back(deliveries.front().fence);
    Must<TaskDoneResult>(TaskDone{"q", {fences.back()}}, session);
    if (fences.size() < 100 || fences.size() % 40 != 0) continue;
    Restart();
    for (std::size_t back = 1; back <= 100; ++back) {
      ASSERT_TRUE(Run(TaskDone{"q", {fences[fences.size() - back]}}, session).ok()) << fences.size() << ", " << back;
    }
  }
  EXPECT_LT(log_bytes_, full * 3 / 4) << "nothing was trimmed";
}

TEST_F(LongLog, KnowsABoundedNumberOfLeasesThatASessionHadSettled) {
  Create("q");
  const SessionId session{7};
  limits_.log_bytes = 64 * kMiB;  // all of it is kept
  Restart();
  core_->EnterSession({session, "token", "client", 30s});
  std::vector<Fence> fences;
  while (fences.size() < 2 * kSettledLeases) {
    Must<PutResult>(PutOf("q", 1'000, 0));
    for (std::size_t left = 1'000; left > 0;) {
      TaskDone done{"q", {}};
      for (const Delivery& delivery : Take("q", 1'000, session)) done.fences.push_back(delivery.fence);
      fences.insert(fences.end(), done.fences.begin(), done.fences.end());
      left -= done.fences.size();
      Must<TaskDoneResult>(std::move(done), session);
    }
  }
  Restart();
  EXPECT_TRUE(Run(TaskDone{"q", {fences.back()}}, session).ok());
  EXPECT_TRUE(Run(TaskDone{"q", {fences[fences.size() - (kSettledLeases - 500)]}}, session).ok());
  EXPECT_EQ(Run(TaskDone{"q", {fences.front()}}, session).reason, Reason::kLeaseLost);
}

}  // namespace
}  // namespace sluice::queue
