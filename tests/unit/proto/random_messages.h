// Random messages of a session stream, the same ones in every run, each as the codec takes it and as the generated
// classes have it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "proto/session_codec.h"

namespace sluice::wire {

// Random commands and answers, each kind and each option now and then.
class Dice {
 public:
  std::uint64_t Below(std::uint64_t bound) { return random_() % bound; }
  bool Maybe() { return Below(2) == 0; }
  // Of any length in bytes, often 0.
  std::uint64_t Number() { return Below(4) == 0 ? 0 : random_() >> Below(64); }
  std::string Text(std::uint64_t most) {
    std::string text(Below(most + 1), 'a');
    for (char& c : text) c = static_cast<char>('a' + Below(26));
    return text;
  }
  std::chrono::milliseconds Ms() { return std::chrono::milliseconds(static_cast<std::int64_t>(Number() >> 1)); }
  TimePoint Time() { return TimePoint(std::chrono::milliseconds(static_cast<std::int64_t>(Below(1'700'000'000'000)))); }

  ContentPtr Item(std::uint64_t most_headers = 3) {
    char* payload = nullptr;
    const std::string bytes = Text(Below(8) == 0 ? 2'000 : 20);
    auto content = MakeContent(bytes.size(), &payload);
    bytes.copy(payload, bytes.size());
    if (Maybe()) content->content_type = Text(30);
    for (std::uint64_t i = Below(most_headers + 1); i > 0 && Maybe(); --i) {
      content->headers.emplace_back(std::to_string(9 - i) + Text(3), Text(200));  // sorted, as on the server
    }
    if (Maybe()) content->priority = static_cast<std::int64_t>(Number());
    return content;
  }
  Durability Level() { return static_cast<Durability>(Below(3)); }
  std::vector<Fence> Fences() {
    std::vector<Fence> fences(Below(Below(8) == 0 ? 300 : 4));
    for (Fence& fence : fences) fence.value = Number();
    return fences;
  }
  QueueSettings Settings() {
    return {static_cast<Order>(Below(3)),
            5,
            static_cast<std::int64_t>(Below(1'000)),
            Maybe(),
            Durability::kMemory,
            std::chrono::milliseconds(Below(2) * 1'000),
            3,
            Maybe()};
  }
  std::optional<QueueSettings> Create() { return Below(4) == 0 ? std::optional(Settings()) : std::nullopt; }
  WaitTime Timeout() { return Maybe() ? WaitTime(Ms()) : kForever; }

  Command AnyCommand() {
    switch (Below(8)) {
      case 0:
        return Get{"q",      static_cast<std::uint32_t>(Number()), Timeout(), Maybe(), Ms(), Maybe(),
                   Create(), static_cast<Prefetch>(Below(3))};
      case 1: return TaskDone{Text(20), Fences()};
      case 2: return Fail{"q", Fences(), Text(30)};
      case 3: return Join{{"a", "b"}, Timeout(), Maybe()};
      case 4: return CreateQueue{Text(9), Settings()};
      case 5: return Stats{"q"};
      default: {
        Put put{Text(20), {}, Timeout(), Create()};
        for (std::uint64_t i = Below(5); i > 0; --i) put.items.push_back(Item());
        if (Maybe()) put.producer = Text(Below(8) == 0 ? 300 : 20);
        if (Maybe()) put.sequence = Number();
        return put;
      }
    }
  }
  Answer AnyAnswer() {
    switch (Below(8)) {
      case 0: return Answer::Ok(PutResult{{Number()}, static_cast<std::uint32_t>(Number()), Level(), Maybe()});
      case 1: return Answer::Ok(TaskDoneResult{Fences(), Level()});
      case 2: return Answer::Refused(static_cast<Reason>(1 + Below(15)), Maybe() ? Text(80) : "");
      case 3: return Answer::Ok(PeekResult{{{{Number()}, 2, Time(), Text(9), Item(1)}}});
      case 4: return Answer::Ok(DescribeResult{{Text(9), Settings(), {}, Time()}});
      case 5: return Answer();
      default: {
        GetResult got{{}, Ms(), false};
        for (std::uint64_t i = Below(5); i > 0; --i) {
          got.deliveries.push_back({{Number()}, {Number()}, static_cast<std::uint32_t>(Number()), Time(), Item()});
        }
        return Answer::Ok(std::move(got));
      }
    }
  }

 private:
  std::mt19937_64 random_{7};
};

// A client's message and the same one in generated classes.
struct RandomRequest {
  explicit RandomRequest(Dice& dice) {
    for (std::uint64_t i = dice.Below(5); i > 0; --i) commands.push_back(dice.AnyCommand());
    for (const Command& command : commands) {
      operations.push_back({dice.Number(), &space, &command, std::nullopt, 0, dice.Maybe()});
      v1::Operation* operation = generated.add_operations();
      operation->set_id(operations.back().id);
      operation->set_answer_may_wait(operations.back().answer_may_wait);
      Write(space, command, operation);
    }
    out.operations = operations;
    out.answers_seen = dice.Number();
    out.goodbye = dice.Maybe();
    generated.set_answers_seen(out.answers_seen);
    generated.set_goodbye(out.goodbye);
    if (dice.Below(4) == 0) out.holding = generated.mutable_holding();
    for (std::uint64_t i = out.holding != nullptr ? dice.Below(3) : 0; i > 0; --i) {
      v1::HeldLeases* leases = generated.mutable_holding()->add_leases();
      leases->set_queue(dice.Text(20));
      for (const Fence fence : dice.Fences()) leases->add_fences(fence.value);
    }
  }

  std::string space = "a-namespace";
  std::vector<Command> commands;
  std::vector<OperationOut> operations;
  RequestOut out;
  v1::SessionRequest generated;
};

struct RandomResponse {
  explicit RandomResponse(Dice& dice) {
    for (std::uint64_t i = dice.Below(5); i > 0; --i) answers.push_back(dice.AnyAnswer());
    for (const Answer& answer : answers) {
      out_answers.push_back({dice.Number(), &answer});
      v1::Answer* message = generated.add_answers();
      Write(answer, message);
      message->set_operation(out_answers.back().operation);
    }
    if (dice.Below(4) == 0) generated.mutable_welcome()->set_session(dice.Number());
    for (std::uint64_t i = dice.Below(3); i > 0; --i) recalled.push_back(dice.Text(20));
    for (const std::string& queue : recalled) {
      recalls.push_back({"a-namespace", queue, {dice.Number()}});
      v1::Recall* recall = generated.add_recalls();
      recall->set_queue("a-namespace/" + queue);
      recall->set_last_fence(recalls.back().last.value);
    }
    out = {generated.has_welcome() ? &generated.welcome() : nullptr, out_answers, recalls};
  }

  std::vector<Answer> answers;
  std::vector<AnswerOut> out_answers;
  std::vector<std::string> recalled;
  std::vector<RecallOut> recalls;
  ResponseOut out;
  v1::SessionResponse generated;
};

}  // namespace sluice::wire
