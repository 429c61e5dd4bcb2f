#include "tests/unit/server/queue/test_core.h"

#include <memory>

namespace sluice::queue {

TestCore::TestCore(std::size_t memory_bytes, std::size_t max_queues)
    : budget(memory_bytes), core("test", {max_queues}, budget) {}

OperationId TestCore::Begin(Command command, SessionId session, bool may_wait) {
  const OperationId op{++last_op_};
  const bool waits = core.Apply(op, session, std::move(command), now, may_wait, effects_);
  Collect();
  EXPECT_EQ(waits, answers_.count(op) == 0) << "Apply returns whether the operation waits";
  return op;
}

std::string TestCore::Outcome(OperationId op) const {
  const auto found = answers_.find(op);
  if (found == answers_.end()) return "waits";
  const Answer& answer = found->second;
  if (!answer.ok()) return std::string(ReasonName(answer.reason));
  const auto* got = std::get_if<GetResult>(&answer.result);
  if (got == nullptr) return "ok";
  std::string payloads;
  for (const Delivery& delivery : got->deliveries) {
    if (!payloads.empty()) payloads += ",";
    payloads += delivery.content->payload.view();
  }
  return payloads;
}

std::string TestCore::Do(Command command, SessionId session, bool may_wait) {
  return Outcome(Begin(std::move(command), session, may_wait));
}

Answer TestCore::AnswerAtOnce(Command command, SessionId session) {
  const OperationId op = Begin(std::move(command), session);
  const auto found = answers_.find(op);
  return found == answers_.end() ? Answer::Refused(Reason::kInternal, "it waits") : found->second;
}

sluice::Put TestCore::PutOf(const std::string& queue, const std::vector<std::string>& payloads, WaitTime timeout,
                            std::int64_t priority) {
  sluice::Put put{queue, {}, timeout, {}};
  for (const std::string& payload : payloads) {
    put.items.push_back(std::make_shared<const Content>(Content{Bytes(payload), "", {}, priority}));
  }
  return put;
}

sluice::Get TestCore::GetOf(const std::string& queue, WaitTime timeout, std::uint32_t max_items) {
  sluice::Get get;
  get.queue = queue;
  get.timeout = timeout;
  get.max_items = max_items;
  return get;
}

void TestCore::Create(const std::string& queue, const QueueSettings& settings) {
  EXPECT_EQ(Do(CreateQueue{queue, settings}), "ok");
}

std::string TestCore::Put(const std::string& queue, const std::vector<std::string>& payloads, std::int64_t priority) {
  return Do(PutOf(queue, payloads, kNoWait, priority));
}

std::string TestCore::Get(const std::string& queue, std::uint32_t max_items) {
  return Do(GetOf(queue, kNoWait, max_items));
}

std::vector<Delivery> TestCore::Take(const std::string& queue, std::uint32_t max_items, SessionId session) {
  return Must<GetResult>(GetOf(queue, kNoWait, max_items), session).deliveries;
}

std::string TestCore::TaskDone(const std::string& queue, const std::vector<Delivery>& deliveries) {
  return Do(sluice::TaskDone{queue, FencesOf(deliveries)});
}

std::string TestCore::Fail(const std::string& queue, const std::vector<Delivery>& deliveries, std::string error) {
  return Do(sluice::Fail{queue, FencesOf(deliveries), std::move(error)});
}

std::string TestCore::Release(const std::string& queue, const std::vector<Delivery>& deliveries) {
  return Do(sluice::Release{queue, FencesOf(deliveries)});
}

std::string TestCore::Update(const std::string& queue, const QueueUpdate& update) {
  return Do(UpdateQueue{queue, update});
}

QueueStats TestCore::StatsOf(const std::string& queue) { return Must<StatsResult>(Stats{queue}).stats; }

std::string TestCore::Line(const std::string& queue) {
  std::string line;
  for (const PeekedItem& item : Must<PeekResult>(Peek{queue, 1'000}).items) {
    if (!line.empty()) line += ",";
    line += item.content->payload.view();
  }
  return line;
}

std::vector<Fence> TestCore::FencesOf(const std::vector<Delivery>& deliveries) {
  std::vector<Fence> fences;
  for (const Delivery& delivery : deliveries) fences.push_back(delivery.fence);
  return fences;
}

void TestCore::Pass(Duration by) {
  now += by;
  Advance();
}

void TestCore::Advance() {
  core.Advance(now, effects_);
  Collect();
}

void TestCore::Cancel(OperationId op) {
  core.Cancel(op, Reason::kCancelled, "cancelled", now, effects_);
  Collect();
}

void TestCore::CancelAll() {
  core.CancelAll(Reason::kUnavailable, "stopping", effects_);
  Collect();
}

void TestCore::Suspend(SessionId session) {
  core.SuspendSession(session, now, effects_);
  Collect();
}

void TestCore::Resume(SessionId session) {
  core.ResumeSession(session, now, effects_);
  Collect();
}

void TestCore::End(SessionId session) {
  core.EndSession(session, now, effects_);
  Collect();
}

void TestCore::Delivered(const std::vector<Delivery>& deliveries) {
  core.Delivered(deliveries, now, effects_);
  Collect();
}

void TestCore::Undelivered(const std::vector<Delivery>& deliveries) {
  core.Undelivered(deliveries, now, effects_);
  Collect();
}

void TestCore::RetryMemory() {
  core.RetryMemory(now, effects_);
  Collect();
}

void TestCore::Collect() {
  core.CheckInvariants();
  for (auto& [op, answer] : effects_.answers) {
    answered_.push_back(op);
    EXPECT_TRUE(answers_.emplace(op, std::move(answer)).second) << "operation " << op.value << " is answered twice";
  }
  for (const Recall& recall : effects_.recalls) {
    recalls_.push_back(std::to_string(recall.session.value) + ":" + recall.queue);
  }
  memory_freed_ = effects_.memory_freed;
  effects_.Clear();
}

}  // namespace sluice::queue
