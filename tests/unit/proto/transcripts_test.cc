// The transcripts of PROTOCOL.md happen as they are written: every request is run, every reply compared.
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sluice/clock.h>

#include "proto/wire.h"
#include "server/broker/broker.h"
#include "server/journal/journal.h"
#include "tests/unit/proto/transcripts.h"

namespace sluice::wire {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

class Sink : public broker::SessionSink {
 public:
  void Wake() override {}
  void Gone(Reason, const std::string&) override {}
};

// Equal but for the times of puts.
void ExpectSame(const Message& expected, const Message& actual, const std::string& text) {
  google::protobuf::util::MessageDifferencer differencer;
  differencer.IgnoreField(v1::Delivery::descriptor()->FindFieldByName("put_time_unix_ms"));
  std::string difference;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(expected, actual)) << text << "\n" << difference;
}

class Replay {
 public:
  void Run(const Exchange& exchange) {
    text_ = exchange.text;
    if (!exchange.method->client_streaming()) {
      exchange.request ? Call(*exchange.message) : ExpectReply(exchange);
    } else if (exchange.request) {
      const auto& request = static_cast<const v1::SessionRequest&>(*exchange.message);
      if (exchange.opens) Open(request);
      Send(request);
    } else if (exchange.message) {
      ExpectResponse(static_cast<const v1::SessionResponse&>(*exchange.message));
    }
  }

 private:
  // ---- unary calls: the request is the operation's member of its type ----
  void Call(const Message& request) {
    v1::Operation operation;
    const auto* calls = v1::Operation::descriptor()->FindOneofByName("call");
    for (int i = 0; i < calls->field_count(); ++i) {
      const FieldDescriptor* field = calls->field(i);
      if (field->message_type() != request.GetDescriptor()) continue;
      operation.GetReflection()->MutableMessage(&operation, field)->CopyFrom(request);
    }
    answer_.reset();
    Parsed parsed = Parse(std::move(operation));
    if (const auto* invalid = std::get_if<Invalid>(&parsed)) {
      answer_ = Answer::Refused(invalid->reason, invalid->message);
    } else {
      auto& routed = std::get<Routed>(parsed);
      broker_.Submit({}, routed.space, std::move(routed.command), [this](Answer&& answer) { answer_ = answer; });
    }
  }

  void ExpectReply(const Exchange& exchange) {
    ASSERT_TRUE(answer_) << "waits: " << text_;
    if (!exchange.message) {
      EXPECT_TRUE(exchange.status.ends_with(": " + std::string(ReasonName(answer_->reason))))
          << text_ << "\n"
          << ReasonName(answer_->reason) << " " << answer_->message;
      return;
    }
    ASSERT_TRUE(answer_->ok()) << text_ << "\n" << answer_->message;
    v1::Answer answer;
    Write(*answer_, &answer);
    const auto* result = v1::Answer::descriptor()->FindOneofByName("result");
    const auto& reflection = *answer.GetReflection();
    ExpectSame(*exchange.message, reflection.GetMessage(answer, reflection.GetOneofFieldDescriptor(answer, result)),
               text_);
  }

  // ---- the session ----
  void Open(const v1::SessionRequest& request) {
    const bool resume = request.hello().session() != 0;
    if (sink_) session_->Detach(sink_.get());
    sink_ = std::make_shared<Sink>();
    Answer refusal;
    session_ = resume ? broker_.FindSession(session_->id(), session_->token())
                      : broker_.OpenSession(request.hello().client_name(),
                                            std::chrono::milliseconds(request.hello().lease_ms()), &refusal);
    ASSERT_NE(session_, nullptr) << text_ << refusal.message;
    const auto attached = session_->Attach(sink_, request.answers_seen());
    ASSERT_TRUE(attached.ok) << text_;
    resumed_ = resume;
    operations_seen_ = attached.operations_seen;
  }

  void Send(const v1::SessionRequest& request) {
    ASSERT_NE(session_, nullptr);
    EXPECT_TRUE(request.answers_seen() == 0 || session_->Confirm(request.answers_seen())) << text_;
    for (const v1::Operation& operation : request.operations()) {
      Parsed parsed = Parse(v1::Operation(operation));
      auto* routed = std::get_if<Routed>(&parsed);
      ASSERT_NE(routed, nullptr) << text_;
      EXPECT_TRUE(session_->Submit(operation.id(), routed->space, std::move(routed->command))) << text_;
    }
    if (request.goodbye()) session_->End();
  }

  void ExpectResponse(const v1::SessionResponse& expected) {
    ASSERT_NE(session_, nullptr);
    if (expected.has_welcome()) {
      EXPECT_EQ(expected.welcome().resumed(), resumed_) << text_;
      EXPECT_EQ(expected.welcome().operations_seen(), operations_seen_) << text_;
      EXPECT_EQ(expected.welcome().lease_ms(), session_->lease().count()) << text_;
      EXPECT_EQ(expected.welcome().grace_ms(), session_->grace().count()) << text_;
    }
    v1::SessionResponse actual;
    *actual.mutable_welcome() = expected.welcome();
    if (!expected.has_welcome()) actual.clear_welcome();
    for (const broker::SessionAnswer& ready : session_->TakeAnswers(sink_.get(), 1'000, 1'000'000)) {
      v1::Answer* answer = actual.add_answers();
      Write(*ready.answer, answer);
      answer->set_operation(ready.operation);
    }
    ExpectSame(expected, actual, text_);
  }

  std::string text_;  // of the exchange at hand
  ManualClock clock_;
  std::optional<Answer> answer_;
  broker::Broker broker_{broker::BrokerOptions{}, clock_, broker::Storage{}, [] {}};
  std::shared_ptr<Sink> sink_;
  std::shared_ptr<broker::Session> session_;
  bool resumed_ = false;
  std::uint64_t operations_seen_ = 0;
};

TEST(Transcripts, HappenAsTheyAreWritten) {
  Replay replay;
  for (const Exchange& exchange : Transcripts()) replay.Run(exchange);
}

}  // namespace
}  // namespace sluice::wire
