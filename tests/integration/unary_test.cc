// Each unary call does what it says; refusals are in refusals_test.cc.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "tests/integration/server_fixture.h"

namespace sluice::test {
namespace {

using Queues = v1::QueueService::Stub;
using Admin = v1::AdminService::Stub;

class UnaryTest : public ServerTest {
 protected:
  // Leases one item of queue q; its fence.
  std::uint64_t Lease() {
    const auto got = Call(*queues_, &Queues::Get, "queue: 'q' timeout_ms: 0");
    EXPECT_TRUE(got.ok()) << got;
    return got.ok() ? got.response.deliveries(0).fence() : 0;
  }
};

TEST_F(UnaryTest, AnItemComesBackAsItWasPut) {
  Create("q");
  const auto put = Call(*queues_, &Queues::Put, R"(queue: 'q' items {
      payload: 'a\000\377b' content_type: 'text/x' headers { key: 'h' value: '\001' } })");
  ASSERT_TRUE(put.ok()) << put;
  EXPECT_EQ(put.response.count(), 1u);
  const auto got = Call(*queues_, &Queues::Get, "queue: 'q'");
  ASSERT_TRUE(got.ok()) << got;
  ASSERT_EQ(got.response.deliveries_size(), 1);
  const v1::Delivery& delivery = got.response.deliveries(0);
  EXPECT_EQ(delivery.id(), put.response.first_id());
  EXPECT_EQ(delivery.attempt(), 1u);
  EXPECT_GT(delivery.fence(), 0u);
  EXPECT_EQ(delivery.item().payload(), std::string("a\0\xff"
                                                   "b",
                                                   4));
  EXPECT_EQ(delivery.item().content_type(), "text/x");
  EXPECT_EQ(delivery.item().headers().at("h"), "\x01");
  EXPECT_EQ(got.response.lease_ms(), 30'000);
}

TEST_F(UnaryTest, PutCreatesOnFirstUseAndAnswersABatchWithItsIds) {
  const auto put =
      Call(*queues_, &Queues::Put, "queue: 'q' create { maxsize: 3 } items { payload: 'a' } items { payload: 'b' }");
  ASSERT_TRUE(put.ok()) << put;
  EXPECT_EQ(put.response.count(), 2u);
  const auto got = Call(*queues_, &Queues::Get, "queue: 'q' max_items: 10");
  ASSERT_EQ(got.response.deliveries_size(), 2);
  EXPECT_EQ(got.response.deliveries(1).id(), put.response.first_id() + 1);
}

TEST_F(UnaryTest, TaskDoneFinishesAndTellsWhichLeasesWereLost) {
  Create("q");
  Put("q", "a");
  const auto fence = std::to_string(Lease());
  const auto done = Call(*queues_, &Queues::TaskDone, "queue: 'q' fences: [" + fence + ", 999999]");
  ASSERT_TRUE(done.ok()) << done;
  EXPECT_THAT(done.response.lost(), testing::ElementsAre(999999));
  EXPECT_EQ(Stats("q").unfinished(), 0u);
}

TEST_F(UnaryTest, FailCountsTheAttemptAndReleaseDoesNot) {
  Create("q", "max_attempts: 2");
  Put("q", "a");
  const auto released = Call(*queues_, &Queues::Release, "queue: 'q' fences: " + std::to_string(Lease()));
  ASSERT_TRUE(released.ok()) << released;
  const auto retried = Call(*queues_, &Queues::Fail, "queue: 'q' error: 'boom' fences: " + std::to_string(Lease()));
  EXPECT_EQ(retried.response.retried(), 1u);
  const auto peeked = Call(*queues_, &Queues::Peek, "queue: 'q'");
  ASSERT_EQ(peeked.response.items_size(), 1);
  EXPECT_EQ(peeked.response.items(0).last_error(), "boom");
  EXPECT_EQ(peeked.response.items(0).attempts(), 1u);
  const auto dead = Call(*queues_, &Queues::Fail, "queue: 'q' fences: " + std::to_string(Lease()));
  EXPECT_EQ(dead.response.dead(), 1u);
  EXPECT_EQ(Stats("q").unfinished(), 0u);
}

TEST_F(UnaryTest, ExtendMovesTheDeadlineOfALease) {
  Create("q");
  Put("q", "a");
  const auto extended =
      Call(*queues_, &Queues::Extend, "queue: 'q' lease_ms: 90000 fences: " + std::to_string(Lease()));
  ASSERT_TRUE(extended.ok()) << extended;
  EXPECT_EQ(extended.response.lease_ms(), 90'000);
}

TEST_F(UnaryTest, ALeaseThatIsNotExtendedEnds) {
  Create("q", "lease_ms: 100");
  Put("q", "a");
  Lease();
  const auto again = Call(*queues_, &Queues::Get, "queue: 'q'");
  ASSERT_TRUE(again.ok()) << again;
  EXPECT_EQ(again.response.deliveries(0).attempt(), 2u);
}

TEST_F(UnaryTest, AnAutoAckGetIsFinishedOnceItsAnswerHasLeft) {
  Create("q");
  Put("q", "a");
  const auto got = Call(*queues_, &Queues::Get, "queue: 'q' ack: AUTO");
  ASSERT_TRUE(got.ok()) << got;
  WaitForStats("q", [](const v1::QueueStats& stats) { return stats.unfinished() == 0 && stats.done() == 1; });
}

TEST_F(UnaryTest, JoinAnswersWithCountsWhenAllIsFinished) {
  Create("q");
  Create("r");
  Put("q", "a");
  const auto done = Call(*queues_, &Queues::TaskDone, "queue: 'q' fences: " + std::to_string(Lease()));
  ASSERT_TRUE(done.ok()) << done;
  const auto joined = Call(*queues_, &Queues::Join, "queues: ['r', 'q']");
  ASSERT_TRUE(joined.ok()) << joined;
  ASSERT_EQ(joined.response.queues_size(), 2);
  EXPECT_EQ(joined.response.queues(0).queue(), "r");
  EXPECT_EQ(joined.response.queues(1).done(), 1u);
}

TEST_F(UnaryTest, ShutdownEndsPutsAndReopenUndoesIt) {
  Create("q");
  Put("q", "a");
  const auto down = Call(*queues_, &Queues::Shutdown, "queue: 'q' immediate: true");
  EXPECT_EQ(down.response.discarded(), 1u);
  EXPECT_TRUE(Stats("q").shut_down());
  EXPECT_TRUE(Call(*queues_, &Queues::Reopen, "queue: 'q'").ok());
  Put("q", "b");
  EXPECT_EQ(Stats("q").ready(), 1u);
}

TEST_F(UnaryTest, QueuesAreCreatedChangedListedDescribedPurgedAndDeleted) {
  const auto create = [this] { return Call(*admin_, &Admin::CreateQueue, "queue: 'q' settings { maxsize: 5 }"); };
  EXPECT_TRUE(create().response.created());
  EXPECT_FALSE(create().response.created());
  const auto updated = Call(*admin_, &Admin::UpdateQueue, "queue: 'q' maxsize: 7 paused: true");
  EXPECT_EQ(updated.response.settings().maxsize(), 7);
  const auto described = Call(*admin_, &Admin::DescribeQueue, "queue: 'default/q'");
  EXPECT_EQ(described.response.queue().queue(), "q");
  EXPECT_TRUE(described.response.queue().settings().paused());
  Put("q", "a");
  const auto listed = Call(*admin_, &Admin::ListQueues, "prefix: 'q'");
  ASSERT_EQ(listed.response.queues_size(), 1);
  EXPECT_EQ(listed.response.queues(0).stats().ready(), 1u);
  EXPECT_EQ(Call(*admin_, &Admin::PurgeQueue, "queue: 'q'").response.discarded(), 1u);
  Put("q", "b");
  EXPECT_EQ(Call(*admin_, &Admin::DeleteQueue, "queue: 'q'").response.discarded(), 1u);
  EXPECT_EQ(Call(*admin_, &Admin::ListQueues, "").response.queues_size(), 0);
}

TEST_F(UnaryTest, TheServerAnswersOnEachOfItsAddresses) {
  Create("q");
  for (const std::string& address : server_->addresses()) {
    const auto stub = v1::QueueService::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    EXPECT_TRUE(Call(*stub, &Queues::Stats, "queue: 'q'").ok()) << address;
  }
}

}  // namespace
}  // namespace sluice::test
