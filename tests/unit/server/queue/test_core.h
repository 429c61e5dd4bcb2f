// A namespace on a clock that is moved by hand, spoken to in few words, so that a test reads as a promise:
//
//   TestCore core;
//   core.Create("q", {.maxsize = 1});
//   core.Put("q", {"a"});
//   const OperationId second = core.Begin(core.PutOf("q", {"b"}));
//   EXPECT_EQ(core.Outcome(second), "waits");
//   EXPECT_EQ(core.Get("q"), "a");
//   EXPECT_EQ(core.Outcome(second), "ok");
//
// After every call the core's invariants are checked, and an operation that is answered twice fails the test.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/answer.h"
#include "common/command.h"
#include "common/ids.h"
#include "server/queue/memory_budget.h"
#include "server/queue/namespace.h"

namespace sluice::queue {

using namespace std::chrono_literals;

inline constexpr WaitTime kNoWait = std::chrono::milliseconds(0);

// Thread safety: none.
class TestCore {
 public:
  explicit TestCore(std::size_t memory_bytes = 64u << 20, std::size_t max_queues = 100);

  // ---- any command ----
  OperationId Begin(Command command, SessionId session = {}, bool may_wait = true);
  // "waits", the name of the reason when refused, the payloads that a get got ("a,b"), or "ok".
  std::string Outcome(OperationId op) const;
  std::string Do(Command command, SessionId session = {}, bool may_wait = true);
  const Answer& AnswerOf(OperationId op) const { return answers_.at(op); }
  // The result of a command that must succeed at once.
  template <typename Result>
  Result Must(Command command, SessionId session = {}) {
    const Answer answer = AnswerAtOnce(std::move(command), session);
    const auto* result = std::get_if<Result>(&answer.result);
    EXPECT_NE(result, nullptr) << answer.message;
    return result == nullptr ? Result{} : *result;
  }

  // ---- commands in short ----
  static sluice::Put PutOf(const std::string& queue, const std::vector<std::string>& payloads,
                           WaitTime timeout = kForever, std::int64_t priority = 0);
  static sluice::Get GetOf(const std::string& queue, WaitTime timeout = kForever, std::uint32_t max_items = 1);
  void Create(const std::string& queue, const QueueSettings& settings = {});
  std::string Put(const std::string& queue, const std::vector<std::string>& payloads, std::int64_t priority = 0);
  std::string Get(const std::string& queue, std::uint32_t max_items = 1);
  // The leases of a get that must be served at once.
  std::vector<Delivery> Take(const std::string& queue, std::uint32_t max_items = 1, SessionId session = {});
  std::string TaskDone(const std::string& queue, const std::vector<Delivery>& deliveries);
  std::string Fail(const std::string& queue, const std::vector<Delivery>& deliveries, std::string error = "");
  std::string Release(const std::string& queue, const std::vector<Delivery>& deliveries);
  std::string Update(const std::string& queue, const QueueUpdate& update);
  QueueStats StatsOf(const std::string& queue);
  // The payloads of what is ready, in line: "a,b,c".
  std::string Line(const std::string& queue);
  static std::vector<Fence> FencesOf(const std::vector<Delivery>& deliveries);

  // ---- events ----
  void Pass(Duration by);  // and Advance
  void Advance();
  void Cancel(OperationId op);
  void CancelAll();
  void Suspend(SessionId session);
  void Resume(SessionId session);
  void End(SessionId session);
  void Delivered(const std::vector<Delivery>& deliveries);
  void Undelivered(const std::vector<Delivery>& deliveries);
  void RetryMemory();

  // Whether the last call said that memory was freed.
  bool memory_freed() const { return memory_freed_; }
  // What was recalled since the last look, in order: "1:q" is queue q of session 1.
  std::vector<std::string> TakeRecalls() { return std::exchange(recalls_, {}); }
  // Operations in the order in which they were answered.
  const std::vector<OperationId>& answered() const { return answered_; }

  MemoryBudget budget;
  Namespace core;
  TimePoint now{std::chrono::hours(1)};

 private:
  Answer AnswerAtOnce(Command command, SessionId session);
  void Collect();

  Effects effects_;
  bool memory_freed_ = false;
  std::vector<std::string> recalls_;
  std::uint64_t last_op_ = 0;
  std::map<OperationId, Answer> answers_;
  std::vector<OperationId> answered_;
};

}  // namespace sluice::queue
