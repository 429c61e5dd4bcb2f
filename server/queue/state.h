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
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/queue/dedup_window.h"
#include "server/queue/log.h"
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
  const Log& log;

  // Made where it is to stay: an answer is large. It depends on everything said so far, or on `after`.
  template <typename Result>
  void Succeed(Result&& result) const {
    Succeed(std::forward<Result>(result), log.barrier());
  }
  template <typename Result>
  void Succeed(Result&& result, std::uint64_t after) const {
    Answer& answer = effects.answers.emplace_back(operation, Answer{}).second;
    answer.result = std::forward<Result>(result);
    answer.after = after;
  }
  void Refuse(Reason reason, std::string message) const {
    Answer& answer = effects.answers.emplace_back(operation, Answer::Refused(reason, std::move(message))).second;
    // A refusal for what somebody did: not to be heard of before that is certain.
    const bool tells = reason == Reason::kShutDown || reason == Reason::kLeaseLost || reason == Reason::kQueueExists ||
                       reason == Reason::kQueueNotFound;
    if (tells) answer.after = log.barrier();
  }
};

class Namespace::State {
 public:
  State(std::string name, NamespaceLimits limits, MemoryBudget& budget);
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
  void KeepLeases(SessionId session, std::span<const Fence> fences, TimePoint now, Effects& effects);
  std::vector<LoggedSession> sessions() const;

  // ---- items.cc, recall.cc ----
  void Delivered(std::span<const Delivery> deliveries, TimePoint now, Effects& effects);
  void Undelivered(std::span<const Delivery> deliveries, TimePoint now, Effects& effects);
  // Serves the queues whose puts wait for memory, the longest wait first. Called after every step that freed some.
  void RetryMemory(TimePoint now, Effects& effects);
  bool WaitsForMemory() const { return !memory_line_.empty(); }
  void HoldPuts(bool hold) { hold_puts_ = hold; }
  // Names who is to give back what it got in advance. The end of every step.
  void RecallItems(Effects& effects);
  // The end of a step that may have freed memory or moved items.
  void EndStep(TimePoint now, Effects& effects) {
    if (effects.memory_freed) RetryMemory(now, effects);
    RecallItems(effects);
    if (last_item_ + last_fence_ - numbers_told_ >= limits_.numbers_skipped / 2) TellNumbers();
  }
  // ---- replay.cc, as Namespace says ----
  bool Replay(std::uint64_t position, std::string_view records, std::string* error);
  bool EndReplay(std::string* error);
  void AfterReplay(TimePoint now, Effects& effects);

  // ---- logging.cc, paging.cc, tidying.cc ----
  void StartLog(std::uint64_t position);
  Log& log() { return log_; }
  LogBatch TakeBatch(TimePoint now, Effects& effects);
  bool Loaded(std::uint64_t position, std::string_view contents, TimePoint now, Effects& effects);
  void EnterSession(LoggedSession session);
  void VisitHomes(const HomeVisitor& visit) const;

  // Null for none. Comes into being with its first use, and stays until it ends.
  SessionState* SessionOf(SessionId session);

  bool HasQueue(const std::string& name) const { return queues_.contains(name); }
  bool IsDurable(const std::string& queue) const {
    const auto found = queues_.find(queue);
    return found != queues_.end() && found->second->durable();
  }
  std::size_t item_count() const;  // namespace.cc
  std::size_t queue_count() const { return queues_.size(); }
  std::size_t waiter_count() const { return waiters_.size(); }
  const char* BrokenInvariant() const;  // invariants.cc

 private:
  class Replayer;  // replayer.h

  enum class Attempt { kCounts, kDoesNotCount };

  // ---- items.cc: one item. Afterwards the caller settles its queue. ----
  void AddItems(Queue& queue, std::vector<ContentPtr>& contents, const PutName& name, TimePoint now);
  // Leases the next items of the queue to a get.
  // `others`: that wait in the same line.
  Answer Deliver(Queue& queue, const GetTerms& get, SessionState* session, std::size_t others, TimePoint now);
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
  // Joins that count items hear that one is finished.
  void CountFinished(Queue& queue, ItemId id);
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
  // Ends those that were to wait only for a content to be read, when there is nothing any more.
  void EndImpatientGetters(Queue& queue, Effects& effects);
  void ServePeekers(Queue& queue, Effects& effects);
  PeekResult PeekAt(const Queue& queue, std::uint32_t max_items) const;
  // The queue is looked at when the step ends.
  void NoteHolders(Queue& queue) {
    if (!queue.holders.empty()) maybe_recalls_.push_back(&queue);
  }
  void RefuseHopelessPutters(Queue& queue, Effects& effects);
  void CheckJoins(Queue& queue, Effects& effects);
  // `arrival` of the put that is first in line and waits for memory only; 0 = none does.
  void SetWaitsForMemory(Queue& queue, std::uint64_t arrival);

  // ---- logging.cc: nothing happens unless the namespace has a log, and the queue is durable ----
  bool Logs(const Queue& queue) const { return log_.started() && queue.durable(); }
  // What an answer about the queue depends on.
  std::uint64_t After(const Queue& queue) const { return Logs(queue) ? log_.barrier() : numbered_; }
  // False: the disk is behind or full; puts wait as for memory.
  bool LogHasRoom(const Queue& queue) const {
    return !Logs(queue) || (!hold_puts_ && log_.bytes() < limits_.batch_bytes);
  }
  Durability Reached(const Queue& queue) const {
    return log_.started() ? queue.settings.durability : Durability::kMemory;
  }
  // All there is to say of the queue but its items.
  void LogQueue(Queue& queue);
  void LogQueueDeleted(const Queue& queue);
  void LogSession(SessionState& session);
  void LogLeased(const Queue& queue, const std::vector<Delivery>& deliveries, std::uint64_t redelivered);
  void LogExtended(const Queue& queue, const std::vector<StoredItem*>& items);
  // Returns: where each item is at home.
  std::vector<Home> LogPut(const Queue& queue, const std::vector<ContentPtr>& contents, const PutName& name,
                           ItemId first, TimePoint now);
  void SetHome(StoredItem& item, Home home);
  void LeaveHome(StoredItem& item);
  void LogNumbers(Durability level);
  // No number that is given out from now on is heard of before these are durable.
  void TellNumbers();

  // ---- paging.cc: queues whose contents are not all in memory ----
  // True when what is put now is not kept in memory: it is far from the front.
  bool PutsCold(const Queue& queue) const;
  // What a long queue may keep in memory of its contents; and what it takes: never more.
  std::size_t Window() const;
  std::size_t Front() const;
  // After a change of the queue: those that are paged share memory.
  void NotePaged(Queue& queue);
  enum class ReadFor { kCarrying, kGetters };  // the second includes the first
  // Asks for the contents at `position`, once.
  void Read(std::uint64_t position, ReadFor purpose, Effects& effects);
  // Keeps what was read for getters, and adds their queues to `touched`. False: it is not what was written.
  bool FillContents(std::uint64_t position, std::string_view contents, std::vector<Queue*>* touched);
  // Asks for the contents that will be needed soon.
  void Refill(Queue& queue, Effects& effects);
  void AddCold(Queue& queue, const ColdItem& item);
  ColdItem TakeCold(Queue& queue);
  // Takes contents that are far from the front out of memory.
  void Shed(Queue& queue, Effects& effects);
  // The first cold item becomes a ready one.
  StoredItem& Thaw(Queue& queue);
  // Discards the first cold item.
  void FinishCold(Queue& queue, Effects& effects);

  // ---- tidying.cc: the log is kept short ----
  // What is read for a cold item that is carried forward.
  struct ColdContent {
    ItemId id;
    Home home;
    std::string bytes;
  };
  // Of the log, about, for what is alive beside items.
  std::size_t SmallBytes() const;
  // Carries what is alive in the oldest batches over into the one that is being written, if the log is too long and
  // all was carried that was read before. False: nothing to do.
  bool Tidy(std::uint64_t oldest_item, Effects& effects);
  // All but items. `until`: it is to leave the batches up to there.
  void CarrySmall(std::uint64_t until);
  // About `most` bytes at once.
  void CarryItems(std::uint64_t until, std::size_t most, Effects& effects);
  // What was read for it. False: something is not where it should be.
  bool CarryRead(std::uint64_t position, std::string_view contents);
  bool CarryCold();
  void CarryItem(StoredItem& item, std::string_view content);
  Home LogItem(ItemRecord&& record, std::string_view content, const Queue& queue);
  // The small things, when they alone keep a lot of log. False: they do not.
  bool CarrySmallEarly(std::uint64_t oldest_item);
  // Homes: of items, and of what is small.
  struct Oldest {
    std::uint64_t item;
    std::uint64_t small;
  };
  Oldest FindOldest() const;
  // The last position in front of the oldest item that need not stay; 0: all do.
  std::uint64_t MayGo(std::uint64_t oldest_item) const;
  // The oldest batches in which nothing is alive are not counted any more: up to the position that is returned.
  std::uint64_t LeaveOutDead(const Oldest& oldest);
  void CountBatch(std::uint64_t position, std::size_t bytes);

  // ---- waiting.cc ----
  bool Park(const Call& call, std::unique_ptr<Waiter> waiter, WaitTime timeout);
  // Unlinks a waiter everywhere and answers it. The caller settles the queue of a put.
  void AnswerWaiter(Waiter& waiter, Answer&& answer, Effects& effects);
  // The same, because of what was said: it hears of it no sooner than that is written.
  void EndWaiter(Waiter& waiter, Reason reason, std::string message, Effects& effects);
  void Unlink(Waiter& waiter);
  void TimeOut(Waiter& waiter, TimePoint now, Effects& effects);

  // ---- commands.cc, administration.cc ----
  Queue* Find(const Call& call, const std::string& name);
  Queue* FindOrCreate(const Call& call, const std::string& name, const std::optional<QueueSettings>& create);
  Queue* Create(const Call& call, const std::string& name, const QueueSettings& settings);
  std::string Named(const std::string& queue) const { return "queue '" + name_ + "/" + queue + "'"; }
  // The leases that `fences` name; the others go to `lost`, unless they were settled before a restart just as they are
  // to be now. Refused already when all are lost. Borrows: until the next call.
  const std::vector<StoredItem*>& Held(const Call& call, const Queue& queue, const std::vector<Fence>& fences,
                                       std::optional<Settled> how, std::vector<Fence>* lost);
  // Forgets it.
  static bool WasSettled(const Call& call, Fence fence, std::optional<Settled> how);
  void CheckAll() const;  // invariants.cc
  bool Joined(const Waiter& waiter) const;
  std::uint64_t AfterJoin(const Waiter& waiter) const;
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

  // ---- the log ----
  struct LogPart {
    std::uint64_t last = 0;  // position of its last batch
    std::size_t bytes = 0;
  };
  struct Carrying {
    std::set<std::uint64_t> positions;                       // that are being read for it
    std::map<std::uint64_t, std::vector<ColdContent>> cold;  // by queue number, in order of home
    bool goes_on = false;                                    // the next batch has to look at the log
  };
  using HomeList = IntrusiveList<StoredItem, &StoredItem::by_home>;
  Log log_;
  bool hold_puts_ = false;
  DedupWindow window_{limits_.put_window};
  std::map<std::uint64_t, HomeList> homes_;   // by position
  std::map<std::uint64_t, ReadFor> loading_;  // by position
  std::deque<LogPart> log_parts_;             // oldest first
  std::size_t log_limit_;                     // in a log up to this size items stay where they are
  std::size_t log_bytes_ = 0;
  std::size_t live_bytes_ = 0;       // of the log, for items
  std::int64_t looked_at_dead_ = 0;  // how much of the log was dead when it was last looked at
  Carrying carrying_;
  std::uint64_t numbers_home_ = 0;
  // No number is heard of before this position is durable: or the next server, which counts on from what it finds
  // there, might give it out again.
  std::uint64_t numbered_ = 0;
  std::uint64_t numbers_told_ = 0;      // the sum of both when they were told
  std::unique_ptr<Replayer> replayer_;  // until AfterReplay

  std::uint64_t last_queue_ = 0;
  std::uint64_t last_item_ = 0;
  std::uint64_t last_fence_ = 0;
  std::uint64_t last_arrival_ = 0;
  std::map<std::uint64_t, Queue*> memory_line_;  // by Queue::waits_for_memory
};

}  // namespace sluice::queue
