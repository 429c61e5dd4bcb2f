#include "tests/sim/lockstep.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "tests/sim/text.h"

namespace sluice::sim {
namespace {

constexpr std::size_t kOthersPaged = 1'000;          // long queues of others: ours has less of the memory
constexpr OperationId kLooking{~std::uint64_t{0}};  // the comparison's own calls

template <typename Side>
constexpr bool kIsCore = std::is_same_v<Side, queue::Namespace>;

}  // namespace

Lockstep::Lockstep(const World& world)
    : world_(world),
      budget_(world.memory_bytes),
      core_(NewCore()),
      model_(world.max_queues, world.memory_bytes, world.durable) {
  if (world_.durable) core_->StartLog(1);
}

std::unique_ptr<queue::Namespace> Lockstep::NewCore() {
  queue::NamespaceLimits limits{world_.max_queues};
  limits.log_bytes = world_.log_bytes;
  limits.window_bytes = world_.window_bytes;
  return std::make_unique<queue::Namespace>("test", limits, budget_);
}

void Lockstep::WriteLog() {
  std::vector<std::uint64_t> loads;
  for (;;) {
    std::move(core_effects_.loads.begin(), core_effects_.loads.end(), std::back_inserter(loads));
    core_effects_.loads.clear();
    if (core_->HasBatch()) {
      queue::LogBatch batch = core_->TakeBatch(now_, core_effects_);
      Expect(batch.position == position_ + 1, "positions rise by one");
      position_ = batch.position;
      if (batch.trim != 0) log_.erase(log_.begin(), log_.upper_bound(batch.trim));
      log_.emplace(position_, std::move(batch));
    } else if (!loads.empty()) {
      const std::uint64_t position = loads.front();
      loads.erase(loads.begin());
      const auto found = log_.find(position);
      Expect(found != log_.end(), "what is read is still in the log");
      if (found == log_.end()) return;
      Expect(core_->Loaded(position, found->second.contents, now_, core_effects_), "contents are what was written");
    } else {
      return;
    }
  }
}

void Lockstep::Restart() {
  CancelAll();
  core_.reset();
  core_ = NewCore();
  std::string error;
  for (const auto& [position, batch] : log_) Expect(core_->Replay(position, batch.records, &error), error);
  Expect(core_->EndReplay(&error), error);
  core_->StartLog(position_ + 1);
  restarted_ = true;
  Both([] { return std::string("restart"); },
       [this](auto& side, queue::Effects& effects) {
         if constexpr (kIsCore<std::decay_t<decltype(side)>>) {
           side.AfterReplay(now_, effects);
         } else {
           side.Restart(now_, effects);
         }
       });
}

bool Lockstep::KnowsSession(SessionId session) const {
  const auto known = core_->sessions();
  return std::any_of(known.begin(), known.end(), [&](const auto& each) { return each.id == session; });
}

template <typename Text, typename Step>
void Lockstep::Both(Text text, Step step) {
  if (tells_) last_step_ = text();
  core_effects_.Clear();
  model_effects_.Clear();
  used_before_ = budget_.used();
  step(*core_, core_effects_);
  WriteLog();
  model_.Follow(core_effects_, paged());
  step(model_, model_effects_);
  Compare();
  advanced_ = false;
}

void Lockstep::Apply(SessionId session, const Command& command, bool may_wait) {
  const OperationId op{++last_op_};
  witness_.Begins(op, command);
  const auto text = [&] {
    return "op " + std::to_string(op.value) + (session ? " session " + std::to_string(session.value) : "") +
           (may_wait ? " " : " (may not wait) ") + ToText(command);
  };
  bool waits[2] = {false, false};
  Both(text, [&](auto& side, queue::Effects& effects) {
    waits[kIsCore<std::decay_t<decltype(side)>>] = side.Apply(op, session, Command(command), now_, may_wait, effects);
  });
  Expect(waits[0] == waits[1],
         "Apply returned that the operation " + std::string(waits[1] ? "waits" : "does not wait"));
}

void Lockstep::Cancel(OperationId op) {
  Both([&] { return "cancel op " + std::to_string(op.value); },
       [&](auto& side, queue::Effects& effects) {
         if constexpr (kIsCore<std::decay_t<decltype(side)>>) {
           side.Cancel(op, Reason::kCancelled, "cancelled", now_, effects);
         } else {
           side.Cancel(op, Reason::kCancelled, now_, effects);
         }
       });
}

void Lockstep::CancelAll() {
  Both([&] { return std::string("cancel all"); },
       [](auto& side, queue::Effects& effects) {
         if constexpr (kIsCore<std::decay_t<decltype(side)>>) {
           side.CancelAll(Reason::kUnavailable, "stopping", effects);
         } else {
           side.CancelAll(Reason::kUnavailable, effects);
         }
       });
}

void Lockstep::Advance(Duration by) {
  now_ += by;
  advanced_ = true;
  Both([&] { return "advance by " + std::to_string(by.count()) + "us"; },
       [this](auto& side, queue::Effects& effects) { side.Advance(now_, effects); });
}

void Lockstep::Suspend(SessionId session) {
  Both([&] { return "suspend session " + std::to_string(session.value); },
       [&](auto& side, queue::Effects& effects) { side.SuspendSession(session, now_, effects); });
}

void Lockstep::Resume(SessionId session) {
  Both([&] { return "resume session " + std::to_string(session.value); },
       [&](auto& side, queue::Effects& effects) { side.ResumeSession(session, now_, effects); });
}

void Lockstep::End(SessionId session) {
  Both([&] { return "end session " + std::to_string(session.value); },
       [&](auto& side, queue::Effects& effects) { side.EndSession(session, now_, effects); });
}

void Lockstep::Delivered(const std::vector<Delivery>& deliveries) {
  Both([&] { return "delivered from fence " + std::to_string(deliveries.front().fence.value); },
       [&](auto& side, queue::Effects& effects) { side.Delivered(deliveries, now_, effects); });
}

void Lockstep::Undelivered(const std::vector<Delivery>& deliveries) {
  Both([&] { return "undelivered from fence " + std::to_string(deliveries.front().fence.value); },
       [&](auto& side, queue::Effects& effects) { side.Undelivered(deliveries, now_, effects); });
}

void Lockstep::SetMemoryOfOthers(std::size_t bytes) {
  if (bytes > memory_of_others_ && !budget_.TryTake(bytes - memory_of_others_)) return;
  if (bytes < memory_of_others_) budget_.Give(memory_of_others_ - bytes);
  memory_of_others_ = bytes;
  const std::size_t paged_now = paged() && bytes > 0 ? kOthersPaged : 0;
  for (; others_paged_ < paged_now; ++others_paged_) budget_.AddPaged();
  for (; others_paged_ > paged_now; --others_paged_) budget_.RemovePaged();
  model_.SetMemoryOfOthers(bytes);
  Both([&] { return "others take " + std::to_string(bytes) + " bytes of memory"; },
       [&](auto& side, queue::Effects& effects) { side.RetryMemory(now_, effects); });
}

void Lockstep::Expect(bool holds, const std::string& difference) {
  if (!holds && problem_.empty()) problem_ = difference;
}

void Lockstep::Compare() {
  core_->CheckInvariants();
  CompareAnswers();
  CompareQueues();
  CompareTotals();
  Expect(witness_.complaint().empty(), witness_.complaint());
}

// In what order the answers to independent callers appear is not promised; that a get's answer never comes before
// that of its put is the witness's business, and the order within a line shows in the fences and ids.
void Lockstep::CompareAnswers() {
  for (const auto& [op, answer] : core_effects_.answers) {
    witness_.Answered(op, answer);
    if (tells_) last_step_ += "\n    op " + std::to_string(op.value) + ": " + ToText(answer);
    const auto* got = std::get_if<GetResult>(&answer.result);
    if (got != nullptr) deliveries_.push_back(got->deliveries);
    Expect(answer.ok() == answer.message.empty(), "a refusal says why, a result needs no words");
  }
  CompareRecalls();
  std::vector<std::pair<OperationId, std::string>> answers[2];
  for (const auto& [op, answer] : core_effects_.answers) answers[0].emplace_back(op, ToText(answer));
  for (const auto& [op, answer] : model_effects_.answers) answers[1].emplace_back(op, ToText(answer));
  for (auto& side : answers) std::sort(side.begin(), side.end());
  if (answers[0] == answers[1]) return;
  std::string expected = "the answers differ; the model gave:";
  for (const auto& [op, text] : answers[1]) expected += "\n    op " + std::to_string(op.value) + ": " + text;
  Expect(false, expected);
}

void Lockstep::CompareRecalls() {
  std::vector<std::tuple<std::string, SessionId, Fence>> recalls[2];
  for (const auto& recall : core_effects_.recalls) {
    recalls[0].emplace_back(recall.queue, recall.session, recall.last);
    if (tells_) last_step_ += "\n    session " + std::to_string(recall.session.value) + ": recalls " + recall.queue;
  }
  for (const auto& recall : model_effects_.recalls) recalls[1].emplace_back(recall.queue, recall.session, recall.last);
  for (auto& side : recalls) std::sort(side.begin(), side.end());
  if (recalls[0] == recalls[1]) return;
  std::string expected = "the recalls differ; the model gave:";
  for (const auto& [queue, session, last] : recalls[1]) {
    expected += " " + queue + " of " + std::to_string(session.value) + " up to fence " + std::to_string(last.value);
  }
  Expect(false, expected);
}

void Lockstep::CompareQueues() {
  queue::Effects seen[2];
  core_->Apply(kLooking, {}, ListQueues{}, now_, true, seen[0]);
  model_.Apply(kLooking, {}, ListQueues{}, now_, true, seen[1]);
  const auto& core = std::get<ListResult>(seen[0].answers.at(0).second.result);
  const auto& model = std::get<ListResult>(seen[1].answers.at(0).second.result);
  Expect(core.queues.size() == model.queues.size(), "the number of queues differs");
  if (core.queues.size() != model.queues.size()) return;
  for (std::size_t i = 0; i < core.queues.size(); ++i) {
    const QueueDescription& queue = core.queues[i];
    const QueueDescription& other = model.queues[i];
    if (queue.queue != other.queue || queue.settings != other.settings || queue.stats != other.stats ||
        queue.created != other.created) {
      Expect(false, "a queue differs:\n    core:  " + ToText(queue) + "\n    model: " + ToText(other));
    }
    queue::Effects peek;
    core_->Apply(kLooking, {}, Peek{queue.queue, 1'000}, now_, true, peek);
    const auto& peeked = std::get<PeekResult>(peek.answers.at(0).second.result);
    if (!paged()) witness_.Sees(queue, peeked.items);
    const auto ready = Model::ReadyInOrder(model_.queues().at(queue.queue));
    const std::size_t seen_items = paged() ? std::min(peeked.items.size(), ready.size()) : ready.size();
    const bool same = std::equal(peeked.items.begin(), peeked.items.end(), ready.begin(), ready.begin() + seen_items,
                                 [](const PeekedItem& a, const ModelItem* b) { return a.id == b->id; });
    Expect(same, "the items of " + queue.queue + " stand in another order");
  }
}

void Lockstep::CompareTotals() {
  witness_.StepEnds(core_->waiter_count());
  Expect(core_->waiter_count() == model_.waiters().size(), "the number of waiters differs");
  Expect(core_->queue_count() == model_.queues().size(), "queue_count() is wrong");
  // What is on the disk alone takes less.
  const bool less = (paged() || restarted_) && budget_.used() < model_.MemoryUsed() + memory_of_others_;
  Expect(less || budget_.used() == model_.MemoryUsed() + memory_of_others_,
         "memory used: " + std::to_string(budget_.used()) + ", should be " +
             std::to_string(model_.MemoryUsed() + memory_of_others_));
  Expect(budget_.parked() == model_.MemoryParked(),
         "memory parked: " + std::to_string(budget_.parked()) + ", should be " + std::to_string(model_.MemoryParked()));
  Expect(budget_.used() >= used_before_ || core_effects_.memory_freed,
         "memory was freed, but the effects do not say so");
  Expect(core_->WaitsForMemory() == model_.WaitsForMemory(), "WaitsForMemory() is wrong");
  const auto next = core_->NextDeadline();
  const auto due = model_.NextDeadline();
  Expect(!due || (next && *next <= *due), "NextDeadline() is late");
  Expect(!advanced_ || !next || *next > now_, "after Advance, NextDeadline() is still in the past");
}

}  // namespace sluice::sim
