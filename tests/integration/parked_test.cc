// Calls that wait: woken one by one, cancelled, timed out, abandoned; and ten thousand of them.
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "tests/integration/gate.h"
#include "tests/integration/server_fixture.h"

namespace sluice::test {
namespace {

using Queues = v1::QueueService::Stub;

// Unary gets under way on one completion queue.
class Gets {
 public:
  struct One {
    Context context{60s};
    v1::GetResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::GetResponse>> reader;
  };

  ~Gets() {
    for (const auto& get : gets_) get->context.TryCancel();
    while (under_way_ > 0) Next();
  }
  One& Begin(Queues& stub, const std::string& request) {
    One& get = *gets_.emplace_back(std::make_unique<One>());
    get.reader = stub.AsyncGet(&get.context, FromText<v1::GetRequest>(request), &queue_);
    get.reader->Finish(&get.response, &get.status, &get);
    ++under_way_;
    return get;
  }
  // Waits for the end of any of them.
  One& Next() {
    void* tag = nullptr;
    bool ok = false;
    queue_.Next(&tag, &ok);
    --under_way_;
    return *static_cast<One*>(tag);
  }
  void CancelAll() {
    for (const auto& get : gets_) get->context.TryCancel();
  }
  int under_way() const { return under_way_; }

 private:
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<One>> gets_;
  int under_way_ = 0;
};

class ParkedTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    Create("q");
  }
  void WaitForGetters(std::uint64_t count) {
    WaitForStats("q", [count](const v1::QueueStats& stats) { return stats.waiting_getters() == count; });
  }
};

TEST_F(ParkedTest, APutWakesTheFirstWhoCame) {
  Gets gets;
  auto& first = gets.Begin(*queues_, "queue: 'q'");
  WaitForGetters(1);
  auto& second = gets.Begin(*queues_, "queue: 'q'");
  WaitForGetters(2);
  Put("q", "a");
  EXPECT_EQ(&gets.Next(), &first);
  EXPECT_TRUE(first.status.ok());
  Put("q", "b");
  EXPECT_EQ(&gets.Next(), &second);
  EXPECT_EQ(second.response.deliveries(0).item().payload(), "b");
}

TEST_F(ParkedTest, ACancelledGetTakesNothing) {
  Gets gets;
  auto& get = gets.Begin(*queues_, "queue: 'q'");
  WaitForGetters(1);
  get.context.TryCancel();
  EXPECT_EQ(gets.Next().status.error_code(), grpc::StatusCode::CANCELLED);
  WaitForGetters(0);
  Put("q", "a");
  EXPECT_EQ(Stats("q").ready(), 1u);
}

TEST_F(ParkedTest, AGetWhoseTransportDeadlinePassedTakesNothing) {
  Context context(50ms);
  v1::GetResponse response;
  const auto status = queues_->Get(&context, FromText<v1::GetRequest>("queue: 'q'"), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(context.Reason(), "");  // the transport's, not the queue's EMPTY
  WaitForGetters(0);
  Put("q", "a");
  EXPECT_EQ(Stats("q").ready(), 1u);
}

TEST_F(ParkedTest, AGetWhoseConnectionBrokeTakesNothing) {
  Gate gate(TcpAddress());
  const auto stub = v1::QueueService::NewStub(grpc::CreateChannel(gate.address(), grpc::InsecureChannelCredentials()));
  Gets gets;
  gets.Begin(*stub, "queue: 'q'");
  WaitForGetters(1);
  gate.Cut();
  EXPECT_EQ(gets.Next().status.error_code(), grpc::StatusCode::UNAVAILABLE);
  WaitForGetters(0);
  Put("q", "a");
  EXPECT_EQ(Stats("q").ready(), 1u);
}

// The answer is under way, larger than the window that its client grants, when the connection breaks. (What is within
// the window counts as sent: gRPC tells no more. Then the lease's deadline brings the item back.)
TEST_F(ParkedTest, AnItemWhoseAnswerCouldNotLeaveIsBackAtItsPlaceAtOnce) {
  grpc::ChannelArguments small_window;
  small_window.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 64 << 10);
  small_window.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  for (const std::string ack : {"EXPLICIT", "AUTO"}) {
    Gate gate(TcpAddress());
    const auto stub = v1::QueueService::NewStub(
        grpc::CreateCustomChannel(gate.address(), grpc::InsecureChannelCredentials(), small_window));
    Gets gets;
    gets.Begin(*stub, "queue: 'q' max_items: 2 ack: " + ack);
    WaitForGetters(1);
    gate.Freeze();
    const std::string payload(3'900'000, 'x');
    Put("q", payload);
    WaitForStats("q", [](const v1::QueueStats& stats) { return stats.leased() == 1; });
    gate.Cut();
    gets.Next();
    WaitForStats("q", [](const v1::QueueStats& stats) { return stats.ready() == 1; });
    const auto again = Call(*queues_, &Queues::Get, "queue: 'q' timeout_ms: 0");
    ASSERT_TRUE(again.ok()) << again;
    EXPECT_EQ(again.response.deliveries(0).attempt(), 1u);
    EXPECT_TRUE(
        Call(*queues_, &Queues::TaskDone, "queue: 'q' fences: " + std::to_string(again.response.deliveries(0).fence()))
            .ok());
  }
}

// Whoever wins: the caller has the item, or it is in the queue (at the latest when the lease of an answer that
// crossed the cancel on its way has ended).
TEST_F(ParkedTest, AGetThatRacesWithItsCancelLosesNoItem) {
  constexpr int kRounds = 50;
  for (int round = 0; round < kRounds; ++round) {
    Gets gets;
    auto& get = gets.Begin(*queues_, "queue: 'q' lease_ms: 200");
    WaitForGetters(1);
    std::thread canceller([&] { get.context.TryCancel(); });
    Put("q", "a");
    canceller.join();
    gets.Next();
    if (!get.status.ok()) {
      const auto again = Call(*queues_, &Queues::Get, "queue: 'q' timeout_ms: 10000");
      ASSERT_TRUE(again.ok()) << again;
      get.response = again.response;
    }
    const auto done =
        Call(*queues_, &Queues::TaskDone, "queue: 'q' fences: " + std::to_string(get.response.deliveries(0).fence()));
    ASSERT_TRUE(done.ok()) << done;
  }
  EXPECT_EQ(Stats("q").done(), static_cast<std::uint64_t>(kRounds));
}

TEST_F(ParkedTest, ADeletedQueueAnswersThoseWhoWait) {
  Gets gets;
  gets.Begin(*queues_, "queue: 'q'");
  WaitForGetters(1);
  ASSERT_TRUE(Call(*admin_, &v1::AdminService::Stub::DeleteQueue, "queue: 'q'").ok());
  auto& get = gets.Next();
  EXPECT_EQ(get.status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(get.context.Reason(), "QUEUE_DELETED");
}

class WaitersLimitTest : public ParkedTest {
 protected:
  WaitersLimitTest() { config_.broker.max_waiters = 1; }
};

TEST_F(WaitersLimitTest, OneTooManyIsRefused) {
  Gets gets;
  gets.Begin(*queues_, "queue: 'q'");
  WaitForGetters(1);
  const auto refused = Call(*queues_, &Queues::Get, "queue: 'q'");
  EXPECT_EQ(refused.code, grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.reason, "LIMIT_REACHED");
}

// A client that wants to know early whether its connection lives is not sent away for it (too_many_pings).
TEST_F(ParkedTest, AClientThatPingsOftenKeepsItsConnection) {
  grpc::ChannelArguments careful;
  careful.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 1'100);
  careful.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  careful.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  careful.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  const auto stub =
      v1::QueueService::NewStub(grpc::CreateCustomChannel(TcpAddress(), grpc::InsecureChannelCredentials(), careful));
  EXPECT_EQ(Call(*stub, &Queues::Get, "queue: 'q' timeout_ms: 6000").reason, "EMPTY");
}

int Threads() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("Threads:", 0) == 0) return std::stoi(line.substr(8));
  }
  return -1;
}

TEST_F(ParkedTest, TenThousandGetsOnOneConnectionTakeNoThreadAndAPutWakesOne) {
  constexpr int kGets = 10'000;
  Gets gets;
  gets.Begin(*queues_, "queue: 'q' max_items: 2");
  WaitForGetters(1);
  const int threads = Threads();
  for (int i = 1; i < kGets; ++i) gets.Begin(*queues_, "queue: 'q' max_items: 2");
  WaitForGetters(kGets);
  EXPECT_LE(Threads(), threads + 2);  // gRPC's own pollers come and go
  Put("q", "a");
  EXPECT_TRUE(gets.Next().status.ok());
  const auto stats = Stats("q");
  EXPECT_EQ(stats.waiting_getters(), static_cast<std::uint64_t>(kGets - 1));
  EXPECT_EQ(stats.leased(), 1u);
  gets.CancelAll();
  while (gets.under_way() > 0) EXPECT_EQ(gets.Next().status.error_code(), grpc::StatusCode::CANCELLED);
  WaitForGetters(0);
}

}  // namespace
}  // namespace sluice::test
