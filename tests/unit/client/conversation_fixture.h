// The client's half of a session, whose server and clock are the test.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "client/cpp/src/conversation.h"

namespace sluice::detail {

using namespace std::chrono_literals;

class ConversationTest : public ::testing::Test {
 protected:
  // What became of an operation.
  struct Call {
    RemoteOperationPtr operation;
    std::shared_ptr<std::vector<Answer>> answers = std::make_shared<std::vector<Answer>>();

    // The reason of its one answer; nullopt: it waits.
    std::optional<Reason> ended() const {
      EXPECT_LE(answers->size(), 1u) << "answered more than once";
      return answers->empty() ? std::nullopt : std::optional(answers->front().reason);
    }
  };

  void Make(bool retry_forever = true) {
    conversation_ = std::make_unique<Conversation>(
        Conversation::Options{"server:1", "test", "producer", 3'000ms, 1'000ms, retry_forever}, leases_);
  }

  Call Submit(Command command) {
    Call call{std::make_shared<RemoteOperation>()};
    call.operation->space = "default";
    call.operation->command = std::move(command);
    call.operation->receiver = [answers = call.answers](Answer&& answer, Epoch) { answers->push_back(answer); };
    conversation_->Add(call.operation, now_);
    return call;
  }
  // As done_nowait.
  void Tell(Command command) {
    const auto operation = std::make_shared<RemoteOperation>();
    operation->space = "default";
    operation->command = std::move(command);
    conversation_->Add(operation, now_);
  }
  void Cancel(const Call& call) {
    Run([&](auto& effects) { conversation_->Cancel(call.operation, now_, effects); });
  }
  void Welcome(std::uint64_t session, bool resumed, std::uint64_t operations_seen = 0, bool restarted = false) {
    v1::Welcome welcome;
    welcome.set_restarted(restarted);
    welcome.set_session(session);
    welcome.set_token("token" + std::to_string(session));
    welcome.set_resumed(resumed);
    welcome.set_operations_seen(operations_seen);
    Run([&](auto& effects) { conversation_->OnWelcome(welcome, now_, effects); });
  }
  void Break() {
    Run([&](auto& effects) { conversation_->OnBroken("cut", now_, now_, effects); });
  }
  // The server is started anew, and has kept the session.
  void Restart() {
    Break();
    Welcome(7, true, 0, true);
  }
  void Pass(std::chrono::milliseconds time) {
    now_ += time;
    Run([&](auto& effects) { conversation_->Expire(now_, effects); });
  }
  void Receive(const Call& call, Answer answer) { Receive(call.operation->id, std::move(answer)); }
  void Receive(std::uint64_t id, Answer answer) {
    std::pair<std::uint64_t, Answer> answers[] = {{id, std::move(answer)}};
    Run([&](auto& effects) { conversation_->OnAnswers(answers, now_, effects); });
  }
  template <typename Step>
  void Run(Step step) {
    Conversation::Effects effects;
    step(effects);
    session_lost_ = effects.session_lost;
    effects.Run();
  }

  // The next message, or an empty one.
  v1::SessionRequest Next() {
    Conversation::Message message;
    if (!conversation_->NextMessage(now_, &message)) return {};
    wire::RequestWriter writer;
    std::string bytes(writer.Measure(message.out()), '\0');
    writer.Write(bytes.data());
    v1::SessionRequest request;
    EXPECT_TRUE(request.ParseFromString(bytes));
    return request;
  }
  // What the operations of the next message are, as text: "get#1 cancel#2(1)".
  std::string Sent() {
    std::string text;
    const v1::SessionRequest message = Next();
    for (const v1::Operation& operation : message.operations()) {
      const auto* field = operation.GetDescriptor()->FindFieldByNumber(operation.call_case());
      text += (text.empty() ? "" : " ") + field->name() + "#" + std::to_string(operation.id());
      if (operation.has_cancel()) text += "(" + std::to_string(operation.cancel().operation()) + ")";
    }
    return text;
  }

  static Answer Item(std::uint64_t fence) {
    GetResult result;
    result.deliveries.push_back({ItemId{1}, Fence{fence}, 1, {}, std::make_shared<Content>()});
    return Answer::Ok(std::move(result));
  }
  static Answer No(Reason reason) { return Answer::Refused(reason, "no"); }

  static Get GetFor(WaitTime timeout = kForever) {
    Get get;
    get.queue = "q";
    get.timeout = timeout;
    return get;
  }
  static Put PutOne() { return {"q", {std::make_shared<Content>()}, kForever, {}}; }

  SteadyTime now_ = SteadyTime(1h);
  std::shared_ptr<LeaseTable> leases_ = std::make_shared<LeaseTable>();
  std::unique_ptr<Conversation> conversation_;
  bool session_lost_ = false;
};

}  // namespace sluice::detail
