// What a namespace says to its log, without a journal: batches are taken, and replayed into another one.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/command.h"
#include "server/queue/namespace.h"

namespace sluice::queue {
namespace {

using namespace std::chrono_literals;

class LogTest : public ::testing::Test {
 protected:
  LogTest() { first_.StartLog(1); }

  Answer Run(Command command, Namespace& in) {
    Effects effects;
    in.Apply(OperationId{++last_operation_}, SessionId{}, std::move(command), now_, true, effects);
    return effects.answers.empty() ? Answer{} : std::move(effects.answers.front().second);
  }
  Answer Run(Command command) { return Run(std::move(command), first_); }

  void Create(Durability durability) { ASSERT_TRUE(Run(CreateQueue{"q", {.durability = durability}}).ok()); }
  Delivery Cycle(Namespace& in) {
    auto content = std::make_shared<Content>();
    content->payload = Bytes(std::string("x"));
    Run(Put{.queue = "q", .items = {content}, .timeout = kForever, .create = std::nullopt}, in);
    Get get;
    get.queue = "q";
    get.auto_ack = false;
    Answer got = Run(std::move(get), in);
    last_after_ = got.after;
    return std::get<GetResult>(got.result).deliveries.front();
  }
  // Null: nothing was said.
  LogBatch Take() {
    Effects effects;
    LogBatch batch = first_.TakeBatch(now_, effects);
    batches_.push_back(batch.records);
    return batch;
  }
  // As it is after a restart that found the batches taken so far.
  std::unique_ptr<Namespace> Restarted() {
    auto second = std::make_unique<Namespace>("default", limits_, budget_);
    std::string error;
    for (std::size_t at = 0; at < batches_.size(); ++at) EXPECT_TRUE(second->Replay(at + 1, batches_[at], &error));
    EXPECT_TRUE(second->EndReplay(&error)) << error;
    second->StartLog(batches_.size() + 1);
    return second;
  }

  static constexpr std::uint64_t kSkipped = 64;
  NamespaceLimits limits_{.max_queues = 10, .numbers_skipped = kSkipped};
  MemoryBudget budget_{1u << 20};
  Namespace first_{"default", limits_, budget_};
  TimePoint now_{};
  std::uint64_t last_operation_ = 0;
  std::uint64_t last_after_ = 0;
  std::vector<std::string> batches_;
};

TEST_F(LogTest, NumbersOfAQueueInMemoryAreNeverGivenOutAgain) {
  Create(Durability::kMemory);
  Take();
  Fence last_fence;  // that somebody has heard of
  ItemId last_id;
  for (std::uint64_t i = 0; i < 5 * kSkipped; ++i) {
    const Delivery delivery = Cycle(first_);
    Run(TaskDone{"q", {delivery.fence}});
    if (last_after_ <= batches_.size()) {
      last_fence = delivery.fence;
      last_id = delivery.id;
    }
    if (i % 50 == 0 && first_.HasBatch()) Take();  // the disk is slow
  }
  ASSERT_GT(last_fence.value, 4 * kSkipped);
  const auto second = Restarted();
  const Delivery delivery = Cycle(*second);
  EXPECT_GT(delivery.fence, last_fence);
  EXPECT_GT(delivery.id, last_id);
}

TEST_F(LogTest, ANumberIsHeardOfNoSoonerThanTheNextServerWillSkipIt) {
  Create(Durability::kMemory);
  Take();
  while (!first_.HasBatch()) Cycle(first_);
  Cycle(first_);
  EXPECT_EQ(last_after_, batches_.size() + 1) << "until the numbers are written";
}

TEST_F(LogTest, AnExtensionIsAsDurableAsItsAnswerSays) {
  Create(Durability::kFsync);
  const Delivery delivery = Cycle(first_);
  Take();
  const Answer extended = Run(Extend{"q", {delivery.fence}, 60s});
  ASSERT_TRUE(extended.ok());
  EXPECT_EQ(extended.after, 2u);
  EXPECT_EQ(std::get<ExtendResult>(extended.result).durability, Take().level);
}

}  // namespace
}  // namespace sluice::queue
