// Each way to refuse a unary call has its status code and its reason.
#include "common/limits.h"
#include "tests/integration/server_fixture.h"

namespace sluice::test {
namespace {

using Queues = v1::QueueService::Stub;
using Admin = v1::AdminService::Stub;
using grpc::StatusCode;

class RefusalsTest : public ServerTest {
 protected:
  RefusalsTest() { config_.broker.max_queues = 4; }

  void SetUp() override {
    ServerTest::SetUp();
    Create("q", "maxsize: 1");
    Create("down");
    ASSERT_TRUE(Call(*queues_, &Queues::Shutdown, "queue: 'down'").ok());
  }

  // Calls, and compares code and reason.
  template <typename Stub, typename Request, typename Response>
  void Expect(StatusCode code, const std::string& reason, Stub& stub,
              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
              const std::string& request) {
    const auto outcome = Call(stub, method, request);
    EXPECT_EQ(outcome.code, code) << request << ": " << outcome;
    EXPECT_EQ(outcome.reason, reason) << request << ": " << outcome;
    EXPECT_NE(outcome.message, "") << request;
  }
};

TEST_F(RefusalsTest, OfAFullAnEmptyAndAShutDownQueue) {
  Expect(StatusCode::FAILED_PRECONDITION, "EMPTY", *queues_, &Queues::Get, "queue: 'q' timeout_ms: 0");
  Expect(StatusCode::FAILED_PRECONDITION, "EMPTY", *queues_, &Queues::Get, "queue: 'q' timeout_ms: 20");
  Put("q", "a");
  Expect(StatusCode::RESOURCE_EXHAUSTED, "FULL", *queues_, &Queues::Put,
         "queue: 'q' items { payload: 'b' } timeout_ms: 0");
  Expect(StatusCode::RESOURCE_EXHAUSTED, "FULL", *queues_, &Queues::Put,
         "queue: 'q' items { payload: 'b' } timeout_ms: 20");
  Expect(StatusCode::FAILED_PRECONDITION, "SHUT_DOWN", *queues_, &Queues::Put, "queue: 'down' items { payload: 'b' }");
  Expect(StatusCode::FAILED_PRECONDITION, "SHUT_DOWN", *queues_, &Queues::Get, "queue: 'down'");
  Expect(StatusCode::FAILED_PRECONDITION, "TIMEOUT", *queues_, &Queues::Join, "queues: 'q' timeout_ms: 20");
}

TEST_F(RefusalsTest, OfALeaseThatIsNotHeld) {
  const std::string request = "queue: 'q' fences: 12345";
  Expect(StatusCode::ABORTED, "LEASE_LOST", *queues_, &Queues::TaskDone, request);
  Expect(StatusCode::ABORTED, "LEASE_LOST", *queues_, &Queues::Fail, request);
  Expect(StatusCode::ABORTED, "LEASE_LOST", *queues_, &Queues::Release, request);
  Expect(StatusCode::ABORTED, "LEASE_LOST", *queues_, &Queues::Extend, request);
}

TEST_F(RefusalsTest, OfAQueueThatDoesNotExist) {
  const std::string request = "queue: 'nowhere'";
  const auto expect = [&](auto& stub, auto method, const std::string& more) {
    Expect(StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND", stub, method, request + more);
  };
  expect(*queues_, &Queues::Put, "items { payload: 'a' }");
  expect(*queues_, &Queues::Get, "");
  expect(*queues_, &Queues::TaskDone, "fences: 1");
  expect(*queues_, &Queues::Fail, "fences: 1");
  expect(*queues_, &Queues::Release, "fences: 1");
  expect(*queues_, &Queues::Extend, "fences: 1");
  expect(*queues_, &Queues::Shutdown, "");
  expect(*queues_, &Queues::Reopen, "");
  expect(*queues_, &Queues::Stats, "");
  expect(*queues_, &Queues::Peek, "");
  expect(*admin_, &Admin::UpdateQueue, "");
  expect(*admin_, &Admin::DeleteQueue, "");
  expect(*admin_, &Admin::DescribeQueue, "");
  expect(*admin_, &Admin::PurgeQueue, "");
  Expect(StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND", *queues_, &Queues::Join, "queues: 'nowhere'");
  Expect(StatusCode::NOT_FOUND, "QUEUE_NOT_FOUND", *queues_, &Queues::Stats, "queue: 'elsewhere/q'");
}

TEST_F(RefusalsTest, OfAnotherQueueOfThatNameAndOfOneTooMany) {
  Expect(StatusCode::ALREADY_EXISTS, "QUEUE_EXISTS", *admin_, &Admin::CreateQueue,
         "queue: 'q' settings { maxsize: 2 }");
  Create("third");
  Create("fourth");
  Expect(StatusCode::RESOURCE_EXHAUSTED, "LIMIT_REACHED", *admin_, &Admin::CreateQueue, "queue: 'fifth' settings {}");
}

TEST_F(RefusalsTest, OfWhatCanNeverFit) {
  Expect(StatusCode::INVALID_ARGUMENT, "TOO_LARGE", *queues_, &Queues::Put,
         "queue: 'q' items { payload: 'a' } items { payload: 'b' }");
  Expect(StatusCode::INVALID_ARGUMENT, "TOO_LARGE", *queues_, &Queues::Put,
         "queue: 'q' items { payload: '" + std::string(limits::kItemBytes + 1, 'x') + "' }");
}

// gRPC itself refuses it while it arrives, so no reason of ours is with it.
TEST_F(RefusalsTest, OfAMessageBeyondTheLimitBeforeItIsRead) {
  const std::string item = " items { payload: '" + std::string(limits::kItemBytes, 'x') + "' }";
  Expect(StatusCode::RESOURCE_EXHAUSTED, "", *queues_, &Queues::Put, "queue: 'q'" + item + item + item + item + item);
  EXPECT_EQ(Stats("q").ready(), 0u);
}

TEST_F(RefusalsTest, OfArgumentsThatMakeNoSense) {
  const auto expect = [&](auto& stub, auto method, const std::string& request) {
    Expect(StatusCode::INVALID_ARGUMENT, "INVALID_ARGUMENT", stub, method, request);
  };
  expect(*queues_, &Queues::Get, "queue: ''");
  expect(*queues_, &Queues::Get, "queue: '.hidden'");
  expect(*queues_, &Queues::Get, "queue: 'q' timeout_ms: -1");
  expect(*queues_, &Queues::Get, "queue: 'q' lease_ms: 1");
  expect(*queues_, &Queues::Put, "queue: 'q'");
  expect(*queues_, &Queues::TaskDone, "queue: 'q'");
  expect(*queues_, &Queues::Join, "");
  expect(*queues_, &Queues::Join, "queues: ['q', 'elsewhere/q']");
  expect(*admin_, &Admin::CreateQueue, "queue: 'new' settings { maxsize: -1 }");
  expect(*admin_, &Admin::CreateQueue, "queue: 'new' settings { durability: FSYNC }");
}

}  // namespace
}  // namespace sluice::test
