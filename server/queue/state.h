// What is behind Namespace: queues, leases, waiters, sessions, deadlines, and the rules that move items.
//
// The steps, from the inside out:
//   Deliver / Return / Finish   move one item and keep every index of it right
//   Settle                      serves the waiters of a queue until nothing moves
//   Run(command)                one command: checks, moves, settles, answers
// Thread safety: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/queue/namespace.h"
#include "server/queue/number_table.h"
#include "server/queue/queue.h"
#include "server/queue/session_state.h"
#include "server/queue/stored_item.h"
#include "server/queue/waiter.h"

namespace sluice::queue {

// Who runs a command, and when.
struct Call {
  OperationId operation;
  SessionState* session;  // null: a unary call
  TimePoint now;
  bool may_wait;
  Effects& effects;

  // Made where it is to stay: an answer is large.
  template <typename Result>
  void Succeed(Result&& result) const {
    effects.answers.emplace_back(operation, Answer{}).second.result = std::forward<Result>(result);
  }
  void Refuse(Reason reason, std::string message) const {
    effects.answers.emplace_back(operation, Answer::Refused(reason, std::move(message)));
  }
};

class Namespace::State {
 public:
  State(std::string name, NamespaceLimits limits, MemoryBudget& budget)
      : name_(std::move(name)), limits_(limits), budget_(budget) {}
  ~State();

  // ---- commands.cc: true when the operation waits ----
  bool Run(const Call& call, Put&& put);
  bool Run(const Call& call, Get&& get);
  bool Run(const Call& call, TaskDone&& done);
  bool Run(const Call& call, Fail&& fail);
  bool Run(const Call& call, Release&& release);
  bool Run(const Call& call, Extend&& extend);
  bool Run(const Call& call, Join&& join);
  bool Run(const Call& call, Shutdown&& shutdown);
  bool Run(const Call& call, Reopen&& reopen);
  bool Run(const Call& call, Stats&& stats);
  bool Run(const Call& call, Peek&& peek);
  bool Run(const Call& call, PurgeQueue&& purge);
  // ---- administration.cc ----
  bool Run(const Call& call, CreateQueue&& create);
  bool Run(const Call& call, UpdateQueue&& update);
  bool Run(const Call& call, DeleteQueue&& remove);
  bool Run(const Call& call, ListQueues&& list);
  bool Run(const Call& call, DescribeQueue&& describe);

  // ---- waiting.cc ----
  void Cancel(OperationId operation, Reason reason, const std::string& message, TimePoint now, Effects& effects);
  void CancelAll(Reason reason, const std::string& message, Effects& effects);
  void Advance(TimePoint now, Effects& effects);
  std::optional<TimePoint> NextDeadline() const;
  void SuspendSession(SessionId session, TimePoint now, Effects& effects);
  void ResumeSession(SessionId session, TimePoint now, Effects& effects);
  void EndSession(SessionId session, TimePoint now, Effects& effects);

  // ---- items.cc ----
  // The end of a step that may have freed memory or moved items.
  void EndStep(TimePoint now, Effects& effects) {
    if (effects.memory_freed) RetryMemory(now, effects);
    RecallItems(effects);
  }
  // Names who is to give back what it got in advance. The end of every step.
  void RecallItems(Effects& effects);
  void Delivered(std::span<const Delivery> deliveries, TimePoint now, Effects& effects);
  void Undelivered(std::span<const Delivery> deliveries, TimePoint now, Effects& effects);
  // Serves the queues whose puts wait for memory, the longest wait first. Called after every step that freed some.
  void RetryMemory(TimePoint now, Effects& effects);
  bool WaitsForMemory() const { return !memory_line_.empty(); }

  // Null for none. Comes into being with its first use, and stays until it ends.
  SessionState* SessionOf(SessionId session);

  std::size_t queue_count() const { return queues_.size(); }
  std::size_t waiter_count() const { return waiters_.size(); }
  void CheckInvariants() const;  // invariants.cc

 private:
  enum class Outcome { kDone, kDead, kDiscarded };
  enum class Attempt { kCounts, kDoesNotCount };

  // ---- items.cc: one item. Afterwards the caller settles its queue. ----
  void AddItems(Queue& queue, std::vector<ContentPtr>& contents, TimePoint now);
  // Leases the next items of the queue to a get.
  // `others`: that wait in the same line.
  GetResult Deliver(Queue& queue, const GetTerms& get, SessionState* session, std::size_t others, TimePoint now);
  void Lease(StoredItem& item, const GetTerms& get, SessionState* session, TimePoint now);
  // Takes the lease off; the item is in no list but its queue's items afterwards.
  void Unlease(StoredItem& item);
  void HoldInAdvance(StoredItem& item, SessionState& session);
  void Unhold(StoredItem& item);
  // A leased item is back, by failure, loss or release. True: it is dead now.
  bool Return(StoredItem& item, Attempt attempt, Effects& effects);
  // Keeps the text of a failure with the item. It takes memory as the item does; when there is none, it is dropped.
  void SetError(StoredItem& item, const std::string& error, Effects& effects);
  // Removes an unleased item for good.
  void Finish(StoredItem& item, Outcome outcome, Effects& effects);
  // Gives the memory of finished items back, of all at once: the budget is shared with other threads.
  void GiveFreed();
  std::uint64_t DiscardReady(Queue& queue, Effects& effects);
  StoredItem* FindLease(Fence fence) const;
  // The item that `fence` leases, if it is of `queue`.
  StoredItem* FindLease(Fence fence, const Queue& queue) const;

  // ---- items.cc: waiters of a queue ----
  void Settle(Queue& queue, TimePoint now, Effects& effects);
  bool ServeGetters(Queue& queue, TimePoint now, Effects& effects);
  bool ServePutters(Queue& queue, TimePoint now, Effects& effects);
  // Ends gets that have nothing to wait for on a queue that is shut down.
  void EndGetters(Queue& queue, Effects& effects);
  void EndGetters(Queue& queue, const WaiterLine& line, Effects& effects);
  // The queue is looked at when the step ends.
  void NoteHolders(Queue& queue) {
    if (!queue.holders.empty()) maybe_recalls_.push_back(&queue);
  }
  void RefuseHopelessPutters(Queue& queue, Effects& effects);
  void CheckJoins(Queue& queue, Effects& effects);
  // `arrival` of the put that is first in line and waits for memory only; 0 = none does.
  void SetWaitsForMemory(Queue& queue, std::uint64_t arrival);

  // ---- waiting.cc ----
  bool Park(const Call& call, std::unique_ptr<Waiter> waiter, WaitTime timeout);
  // Unlinks a waiter everywhere and answers it. The caller settles the queue of a put.
  void AnswerWaiter(Waiter& waiter, Answer&& answer, Effects& effects);
  void Unlink(Waiter& waiter);
  void TimeOut(Waiter& waiter, TimePoint now, Effects& effects);

  // ---- commands.cc, administration.cc ----
  Queue* Find(const Call& call, const std::string& name);
  Queue* FindOrCreate(const Call& call, const std::string& name, const std::optional<QueueSettings>& create);
  Queue* Create(const Call& call, const std::string& name, const QueueSettings& settings);
  std::string Named(const std::string& queue) const { return "queue '" + name_ + "/" + queue + "'"; }
  // The leases that `fences` name; the others go to `lost`. Empty: refused already. Borrows: until the next call.
  const std::vector<StoredItem*>& Held(const Call& call, const Queue& queue, const std::vector<Fence>& fences,
                                       std::vector<Fence>* lost);
  bool Joined(const Waiter& waiter) const;
  JoinResult CountsOf(const std::vector<JoinPart>& parts) const;

  const std::string name_;
  const NamespaceLimits limits_;
  MemoryBudget& budget_;

  std::map<std::string, std::unique_ptr<Queue>> queues_;
  NumberTable<StoredItem*> leases_;               // by fence
  NumberTable<std::unique_ptr<Waiter>> waiters_;  // by operation
  std::unordered_map<SessionId, SessionState> sessions_;
  SessionId latest_session_;  // the one that was asked for last, and its state
  SessionState* latest_state_ = nullptr;
  std::set<std::pair<TimePoint, Fence>> lease_deadlines_;
  std::set<std::pair<TimePoint, OperationId>> timeouts_;

  std::vector<StoredItem*> held_;      // the buffer of Held
  std::vector<Queue*> maybe_recalls_;  // until the step ends; a queue may stand here twice
  std::size_t freed_ = 0;              // what finished items give back to the budget when their queue settles

  std::uint64_t last_item_ = 0;
  std::uint64_t last_fence_ = 0;
  std::uint64_t last_arrival_ = 0;
  std::map<std::uint64_t, Queue*> memory_line_;  // by Queue::waits_for_memory
};

}  // namespace sluice::queue
