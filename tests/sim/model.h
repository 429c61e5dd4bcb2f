// What a namespace promises, as the simplest program that keeps the promises: vectors, linear scans, and nothing
// stored that can be derived from the items and the waiters.
//
// It is the measure of server/queue: both are driven with the same steps and must answer the same. It is written
// from the contract, not from the core, and must stay too simple to be wrong: when the two disagree, read this one.
//
// One rule carries it: a command is *tried*. What cannot be answered yet waits, and after every change all waiters are
// tried again (Settle), until none of them can be answered.
//
// The contract leaves one thing open: in what order waiters of *different* lines (the gets or the puts of a queue) are
// served when one step frees several. There the model follows the core, see Follow; within a line it is strict.
//
// Thread safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "common/answer.h"
#include "common/command.h"
#include "common/ids.h"
#include "common/item.h"
#include "server/queue/namespace.h"

namespace sluice::sim {

// Who has an item, until when.
struct ModelLease {
  Fence fence;
  SessionId session;
  bool auto_ack = false;
  std::optional<TimePoint> deadline;
  bool in_advance = false;
};

struct ModelItem {
  ItemId id;
  ContentPtr content;
  TimePoint put_time;
  std::uint32_t attempts = 0;
  bool delivered_before = false;
  std::string last_error;
  std::optional<ModelLease> lease;  // none: ready
};

// All bytes that the producer of an item gave.
std::size_t ContentBytes(const Content& content);

struct ModelQueue {
  QueueSettings settings;
  TimePoint created;
  bool shut_down = false;
  bool discards = false;         // shut down with `immediate`
  std::vector<ModelItem> items;  // all that is unfinished, by id
  std::uint64_t put = 0, delivered = 0, redelivered = 0, done = 0, dead = 0, discarded = 0;

  ModelItem* Held(Fence fence);  // null: nobody holds it
  void Remove(ItemId id);
};

struct ModelWaiter {
  OperationId op;
  SessionId session;
  std::variant<Put, Get, Join> command;
  std::optional<TimePoint> deadline;
  ItemId before;  // a join that looks only at items below it; none: at all
};

// The calls are those of queue::Namespace.
class Model {
 public:
  Model(std::size_t max_queues, std::size_t memory_bytes, bool durable)
      : max_queues_(max_queues), memory_limit_(memory_bytes), durable_(durable) {}

  // The order in which the core answered in the step that comes next; and, if a part of each queue is on the disk, how
  // many items it gave: a get takes what is in memory.
  void Follow(const queue::Effects& core, bool paged);

  bool Apply(OperationId op, SessionId session, const Command& command, TimePoint now, bool may_wait,
             queue::Effects& effects);
  void Cancel(OperationId op, Reason reason, TimePoint now, queue::Effects& effects);
  void CancelAll(Reason reason, queue::Effects& effects);
  void Advance(TimePoint now, queue::Effects& effects);
  void RetryMemory(TimePoint now, queue::Effects& effects);
  void SuspendSession(SessionId session, TimePoint now, queue::Effects& effects);
  void ResumeSession(SessionId session, TimePoint now, queue::Effects& effects);
  void EndSession(SessionId session, TimePoint now, queue::Effects& effects);
  void Delivered(std::span<const Delivery> deliveries, TimePoint now, queue::Effects& effects);
  void Undelivered(std::span<const Delivery> deliveries, TimePoint now, queue::Effects& effects);

  // The server ends and comes back, with all of its queues. All waiters were answered before; sessions are suspended.
  void Restart(TimePoint now, queue::Effects& effects);

  // Memory that other namespaces of the same server take.
  void SetMemoryOfOthers(std::size_t bytes) { memory_of_others_ = bytes; }

  // ---- for the test that drives it ----
  std::optional<TimePoint> NextDeadline() const;
  bool WaitsForMemory() const;
  std::size_t MemoryUsed() const;
  std::size_t MemoryParked() const;
  const std::map<std::string, ModelQueue>& queues() const { return queues_; }
  const std::vector<ModelWaiter>& waiters() const { return waiters_; }
  // How the ready items of a queue stand in line.
  static std::vector<const ModelItem*> ReadyInOrder(const ModelQueue& queue);

 private:
  using Tried = std::optional<Answer>;  // nullopt: not yet

  // One call at its place in the line of waiters.
  struct Call {
    SessionId session;
    std::size_t place;   // waiters before it: [0, place)
    bool may_be_served;  // false while its session is suspended: it can be refused only
    ItemId before;
    bool waits;  // it was tried before
    OperationId op;
  };

  Tried Try(const Put& put, const Call& call);
  Tried Try(const Get& get, const Call& call);
  Tried Try(const Join& join, const Call& call);
  template <typename Waiting>
  Tried TryOrWait(OperationId op, SessionId session, const Waiting& command, bool may_wait);
  void Settle(queue::Effects& effects);
  bool AnswerOne(bool joins, queue::Effects& effects);
  void Start(TimePoint now) { now_ = now; }
  // The end of every step: who is to give back what it got in advance.
  void RecallItems(queue::Effects& effects);
  bool WantsItemsBack(const std::string& name, const ModelQueue& queue) const;

  Answer Run(const TaskDone& command);
  Answer Run(const Fail& command);
  Answer Run(const Release& command);
  Answer Run(const Extend& command);
  Answer Run(const Shutdown& command);
  Answer Run(const Reopen& command);
  Answer Run(const Stats& command);
  Answer Run(const Peek& command);
  Answer Run(const CreateQueue& command);
  Answer Run(const UpdateQueue& command);
  Answer Run(const ListQueues& command);
  Answer Run(const DescribeQueue& command);
  Answer Run(const PurgeQueue& command);
  Answer Delete(const DeleteQueue& command, queue::Effects& effects);

  Durability Reached(const ModelQueue& queue) const {
    return durable_ ? queue.settings.durability : Durability::kMemory;
  }
  ModelQueue* Find(const std::string& name);
  Answer CreateIfMissing(const std::string& name, const std::optional<QueueSettings>& create);
  bool CanNeverFit(const ModelQueue& queue, const Put& put) const;
  bool FitsBounds(const ModelQueue& queue, const Put& put) const;
  bool Fits(const ModelQueue& queue, const Put& put) const;
  bool PutLineIsBusy(const std::string& queue, std::size_t place) const;
  std::size_t OthersThatWait(const Get& get, std::size_t place) const;
  bool GetLineIsBusy(const Get& get, std::size_t place) const;
  Answer Deliver(ModelQueue& queue, const Get& get, const Call& call);
  enum class Attempt { kCounted, kNotCounted };
  void Return(ModelQueue& queue, Fence fence, Attempt attempt);
  std::uint64_t DiscardReady(ModelQueue& queue);
  QueueStats StatsOf(const std::string& name, const ModelQueue& queue) const;
  QueueDescription DescriptionOf(const std::string& name, const ModelQueue& queue) const;
  template <typename Visit>
  std::vector<Fence> ForEachHeld(ModelQueue& queue, const std::vector<Fence>& fences, Visit visit);

  const std::size_t max_queues_;
  const std::size_t memory_limit_;
  const bool durable_;  // the namespace has a log
  std::size_t memory_of_others_ = 0;
  std::map<std::string, ModelQueue> queues_;
  std::vector<ModelWaiter> waiters_;  // of all queues and kinds, in order of arrival
  std::set<SessionId> suspended_;
  std::set<std::pair<SessionId, std::string>> recalled_;  // told since the last item in advance
  std::map<OperationId, std::size_t> followed_;
  std::map<OperationId, std::size_t> delivered_;  // how many items the core gave; only if it may give fewer
  std::map<std::tuple<std::string, std::string, std::uint64_t>, PutResult> remembered_;  // puts that have a name
  std::uint64_t last_item_ = 0;
  std::uint64_t last_fence_ = 0;
  TimePoint now_;
};

}  // namespace sluice::sim
