// A broker on a manual clock, callers that remember what they hear, and a client of a session.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <sluice/clock.h>

#include "server/broker/broker.h"
#include "server/journal/journal.h"

namespace sluice::broker {

using namespace std::chrono_literals;

inline ContentPtr Text(std::string text) {
  auto content = std::make_shared<Content>();
  content->payload = Bytes(std::move(text));
  return content;
}

inline Put PutOne(std::string text, WaitTime timeout = kForever) {
  return {.queue = "q", .items = {Text(std::move(text))}, .timeout = timeout, .create = std::nullopt};
}
inline Get GetOne(WaitTime timeout = kForever) {
  Get get;
  get.queue = "q";
  get.timeout = timeout;
  return get;
}
inline Get PopOne(WaitTime timeout = kForever) {
  Get get = GetOne(timeout);
  get.auto_ack = true;
  return get;
}

// What a caller heard so far. Shared with its completion.
struct Heard {
  int times = 0;
  Answer answer;
  OperationRef operation;

  bool waits() const { return times == 0; }
  Reason reason() const { return answer.reason; }
  const std::vector<Delivery>& deliveries() const { return std::get<GetResult>(answer.result).deliveries; }
};
using HeardPtr = std::shared_ptr<Heard>;

// The stream's side of a session: takes what it is woken for.
class FakeSink final : public SessionSink {
 public:
  void Wake() override { ++wakes; }
  void Gone(Reason why, const std::string& text) override {
    ++gone;
    reason = why;
    message = text;
  }

  int wakes = 0;
  int gone = 0;
  Reason reason = Reason::kOk;
  std::string message;
};

class BrokerTest : public ::testing::Test {
 protected:
  // Before the first use of broker().
  BrokerOptions options;

  Broker& broker() {
    if (!broker_) broker_ = std::make_unique<Broker>(options, clock, Storage{}, [this] { ++wakes; });
    return *broker_;
  }
  void DestroyBroker() { broker_.reset(); }

  HeardPtr Submit(Command command, const std::string& space = "default", SessionId session = {}) {
    auto heard = std::make_shared<Heard>();
    heard->operation = broker().Submit(session, space, std::move(command), [heard](Answer&& answer) {
      ++heard->times;
      heard->answer = std::move(answer);
    });
    return heard;
  }

  void Create(const std::string& space = "default", QueueSettings settings = {}) {
    ASSERT_TRUE(Submit(CreateQueue{"q", settings}, space)->answer.ok());
  }
  QueueStats StatsOf(const std::string& space = "default") {
    return std::get<StatsResult>(Submit(Stats{"q"}, space)->answer.result).stats;
  }

  std::shared_ptr<Session> Open(std::chrono::milliseconds lease = 30s) {
    Answer refusal;
    auto session = broker().OpenSession("test", lease, &refusal);
    EXPECT_NE(session, nullptr) << refusal.message;
    return session;
  }

  void Pass(Duration time) {
    clock.Advance(time);
    broker().RunDue();
  }

  ManualClock clock;
  int wakes = 0;

 private:
  std::unique_ptr<Broker> broker_;
};

// A session with its stream, as a client would drive it.
struct TestClient {
  explicit TestClient(std::shared_ptr<Session> opened) : session(std::move(opened)) { Connect(); }

  // A new stream that has seen `answers_seen` answers.
  Session::Attached Connect(std::uint64_t seen = 0) {
    sink = std::make_shared<FakeSink>();
    return session->Attach(sink, seen);
  }
  void Disconnect() { session->Detach(sink.get()); }

  std::uint64_t Send(Command command, const std::string& space = "default") {
    EXPECT_TRUE(session->Submit(++operation, space, std::move(command)));
    return operation;
  }
  bool Cancel(std::uint64_t target) { return session->Cancel(++operation, target); }

  // Everything that the stream may write now.
  std::vector<SessionAnswer> Take() { return session->TakeAnswers(sink.get(), 1'000'000, 1u << 30); }
  // The queues that it may say are recalled now: "default/q".
  std::vector<std::string> TakeRecalls() {
    std::vector<SessionRecall> recalls;
    session->TakeAnswers(sink.get(), 1'000'000, 1u << 30, &recalls);
    std::vector<std::string> names;
    for (const SessionRecall& each : recalls) names.push_back(std::string(each.space) + "/" + each.queue);
    return names;
  }
  // The only answer that it may write now.
  SessionAnswer TakeOne() {
    auto answers = Take();
    EXPECT_EQ(answers.size(), 1u);
    return answers.empty() ? SessionAnswer{0, "", std::make_shared<const Answer>()} : answers.front();
  }

  std::shared_ptr<Session> session;
  std::shared_ptr<FakeSink> sink;
  std::uint64_t operation = 0;
};

}  // namespace sluice::broker
