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
  explicit TestCore(std::size_t memory_bytes = 64u << 20, std::size_t max_queues = 100)
      : budget(memory_bytes), core("test", {max_queues}, budget) {}

  // ---- any command ----
  OperationId Begin(Command command, SessionId session = {}, bool may_wait = true) {
    const OperationId op{++last_op_};
    const bool waits = core.Apply(op, session, std::move(command), now, may_wait, effects_);
    Collect();
    EXPECT_EQ(waits, answers_.count(op) == 0) << "Apply returns whether the operation waits";
    return op;
  }
  // "waits", the name of the reason when refused, the payloads that a get got ("a,b"), or "ok".
  std::string Outcome(OperationId op) const {
    const auto found = answers_.find(op);
    if (found == answers_.end()) return "waits";
    const Answer& answer = found->second;
    if (!answer.ok()) return std::string(ReasonName(answer.reason));
    const auto* got = std::get_if<GetResult>(&answer.result);
    if (got == nullptr) return "ok";
    std::string payloads;
    for (const Delivery& delivery : got->deliveries) {
      payloads += (payloads.empty() ? "" : ",") + std::string(delivery.content->payload.view());
    }
    return payloads;
  }
  std::string Do(Command command, SessionId session = {}, bool may_wait = true) {
    return Outcome(Begin(std::move(command), session, may_wait));
  }
  const Answer& AnswerOf(OperationId op) const { return answers_.at(op); }
  // The result of a command that must succeed at once.
  template <typename Result>
  Result Must(Command command, SessionId session = {}) {
    const OperationId op = Begin(std::move(command), session);
    EXPECT_NE(Outcome(op), "waits");
    if (answers_.count(op) == 0) return {};
    const auto* result = std::get_if<Result>(&answers_.at(op).result);
    EXPECT_NE(result, nullptr) << answers_.at(op).message;
    return result == nullptr ? Result{} : *result;
  }

  // ---- commands in short ----
  static sluice::Put PutOf(const std::string& queue, const std::vector<std::string>& payloads,
                           WaitTime timeout = kForever, std::int64_t priority = 0) {
    sluice::Put put{queue, {}, timeout, {}};
    for (const std::string& payload : payloads) {
      put.items.push_back(std::make_shared<const Content>(Content{Bytes(payload), "", {}, priority}));
    }
    return put;
  }
  static sluice::Get GetOf(const std::string& queue, WaitTime timeout = kForever, std::uint32_t max_items = 1) {
    sluice::Get get;
    get.queue = queue;
    get.timeout = timeout;
    get.max_items = max_items;
    return get;
  }
  void Create(const std::string& queue, const QueueSettings& settings = {}) {
    EXPECT_EQ(Do(CreateQueue{queue, settings}), "ok");
  }
  std::string Put(const std::string& queue, const std::vector<std::string>& payloads, std::int64_t priority = 0) {
    return Do(PutOf(queue, payloads, kNoWait, priority));
  }
  std::string Get(const std::string& queue, std::uint32_t max_items = 1) {
    return Do(GetOf(queue, kNoWait, max_items));
  }
  // The leases of a get that must be served at once.
  std::vector<Delivery> Take(const std::string& queue, std::uint32_t max_items = 1, SessionId session = {}) {
    return Must<GetResult>(GetOf(queue, kNoWait, max_items), session).deliveries;
  }
  std::string TaskDone(const std::string& queue, const std::vector<Delivery>& deliveries) {
    return Do(sluice::TaskDone{queue, FencesOf(deliveries)});
  }
  std::string Fail(const std::string& queue, const std::vector<Delivery>& deliveries, std::string error = "") {
    return Do(sluice::Fail{queue, FencesOf(deliveries), std::move(error)});
  }
  std::string Release(const std::string& queue, const std::vector<Delivery>& deliveries) {
    return Do(sluice::Release{queue, FencesOf(deliveries)});
  }
  std::string Update(const std::string& queue, const QueueUpdate& update) { return Do(UpdateQueue{queue, update}); }
  QueueStats StatsOf(const std::string& queue) { return Must<StatsResult>(Stats{queue}).stats; }
  // The payloads of what is ready, in line: "a,b,c".
  std::string Line(const std::string& queue) {
    std::string line;
    for (const PeekedItem& item : Must<PeekResult>(Peek{queue, 1'000}).items) {
      line += (line.empty() ? "" : ",") + std::string(item.content->payload.view());
    }
    return line;
  }
  static std::vector<Fence> FencesOf(const std::vector<Delivery>& deliveries) {
    std::vector<Fence> fences;
    for (const Delivery& delivery : deliveries) fences.push_back(delivery.fence);
    return fences;
  }

  // ---- events ----
  void Pass(Duration by) {
    now += by;
    Advance();
  }
  void Advance() {
    core.Advance(now, effects_);
    Collect();
  }
  void Cancel(OperationId op) {
    core.Cancel(op, Reason::kCancelled, "cancelled", now, effects_);
    Collect();
  }
  void CancelAll() {
    core.CancelAll(Reason::kUnavailable, "stopping", effects_);
    Collect();
  }
  void Suspend(SessionId session) {
    core.SuspendSession(session, now, effects_);
    Collect();
  }
  void Resume(SessionId session) {
    core.ResumeSession(session, now, effects_);
    Collect();
  }
  void End(SessionId session) {
    core.EndSession(session, now, effects_);
    Collect();
  }
  void Delivered(const std::vector<Delivery>& deliveries) {
    core.Delivered(deliveries, now, effects_);
    Collect();
  }
  void Undelivered(const std::vector<Delivery>& deliveries) {
    core.Undelivered(deliveries, now, effects_);
    Collect();
  }
  void RetryMemory() {
    core.RetryMemory(now, effects_);
    Collect();
  }

  // Whether an answer of the last call said that memory was freed.
  bool memory_freed() const { return memory_freed_; }
  // Operations in the order in which they were answered.
  const std::vector<OperationId>& answered() const { return answered_; }

  MemoryBudget budget;
  Namespace core;
  TimePoint now{std::chrono::hours(1)};

 private:
  void Collect() {
    core.CheckInvariants();
    for (auto& [op, answer] : effects_.answers) {
      answered_.push_back(op);
      EXPECT_TRUE(answers_.emplace(op, std::move(answer)).second) << "operation " << op.value << " is answered twice";
    }
    memory_freed_ = effects_.memory_freed;
    effects_.Clear();
  }

  Effects effects_;
  bool memory_freed_ = false;
  std::uint64_t last_op_ = 0;
  std::map<OperationId, Answer> answers_;
  std::vector<OperationId> answered_;
};

}  // namespace sluice::queue
