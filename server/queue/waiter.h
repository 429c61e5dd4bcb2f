// An operation that waits, and the line it stands in.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sluice/clock.h>

#include "common/command.h"
#include "common/ids.h"
#include "server/queue/intrusive_list.h"

namespace sluice::queue {

class Queue;
struct SessionState;

// What a get asks for, when its turn comes.
struct GetTerms {
  GetTerms() = default;
  explicit GetTerms(const Get& get)
      : lease(get.lease),
        max_items(get.max_items),
        auto_ack(get.auto_ack),
        until_finished(get.until_finished),
        prefetch(get.prefetch) {}

  std::chrono::milliseconds lease{0};
  std::uint32_t max_items = 1;
  bool auto_ack = false;
  bool until_finished = false;
  Prefetch prefetch = Prefetch::kNone;
};

// What a waiting join still waits for in one queue.
struct JoinPart {
  Queue* queue = nullptr;
  ItemId before;                // only_put_before: items below this id count; none: all count
  std::uint64_t remaining = 0;  // only_put_before: how many of them are unfinished
};

// What a producer calls a put, so that it is known when it comes again. `producer` empty: it has no name.
struct PutName {
  std::uint64_t queue = 0;  // its number
  std::string producer;
  std::uint64_t sequence = 0;

  bool operator==(const PutName&) const = default;
};

struct Waiter {
  enum class Kind : std::uint8_t { kGet, kPut, kJoin, kPeek };

  explicit Waiter(Kind what) : kind(what) {}

  const Kind kind;
  bool aside = false;    // its session is suspended: it is passed over
  bool no_wait = false;  // a get that waits only while there are items whose content is being read
  OperationId operation;
  SessionState* session = nullptr;  // null: a unary call
  std::uint64_t arrival = 0;
  std::optional<TimePoint> deadline;
  Queue* queue = nullptr;         // of get, put and peek
  GetTerms get;                   // of get
  std::vector<ContentPtr> items;  // of put
  PutName put;                    // of put
  std::uint32_t peek_items = 0;   // of peek
  std::size_t bytes = 0;          // of put: their payloads
  std::size_t parked_bytes = 0;   // of put: what it is charged while it waits
  std::vector<JoinPart> joined;   // of join
  Links<Waiter> in_line;
  Links<Waiter> by_session;
};

// Waiting gets, or waiting puts, of one queue, first come first served. Those of suspended sessions keep their place
// but stand aside. Borrows: its waiters. Thread safety: none.
class WaiterLine {
 public:
  // The one whose turn it is; null when nobody is eligible.
  Waiter* First() const { return first_; }
  std::size_t size() const { return line_.size(); }

  // Requires: it arrived after all the others.
  void Add(Waiter* waiter) {
    line_.PushBack(waiter);
    if (first_ == nullptr && !waiter->aside) first_ = waiter;
  }
  void Remove(Waiter* waiter) {
    if (waiter == first_) first_ = Eligible(line_.Next(waiter));
    line_.Erase(waiter);
  }
  void SetAside(Waiter* waiter) {
    waiter->aside = true;
    if (waiter == first_) first_ = Eligible(line_.Next(waiter));
  }
  void Restore(Waiter* waiter) {
    waiter->aside = false;
    if (first_ == nullptr || waiter->arrival < first_->arrival) first_ = waiter;
  }
  // All, in order of arrival.
  std::vector<Waiter*> All() const {
    std::vector<Waiter*> waiters;
    waiters.reserve(line_.size());
    for (Waiter* waiter = line_.front(); waiter != nullptr; waiter = line_.Next(waiter)) waiters.push_back(waiter);
    return waiters;
  }

 private:
  // This one or the next after it that does not stand aside. Those passed are not looked at again until one before
  // them comes back.
  static Waiter* Eligible(Waiter* waiter) {
    while (waiter != nullptr && waiter->aside) waiter = IntrusiveList<Waiter, &Waiter::in_line>::Next(waiter);
    return waiter;
  }

  IntrusiveList<Waiter, &Waiter::in_line> line_;
  Waiter* first_ = nullptr;  // the first that does not stand aside
};

}  // namespace sluice::queue
