// An operation that waits, and the line it stands in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include <sluice/clock.h>

#include "common/command.h"
#include "common/ids.h"
#include "server/queue/intrusive_list.h"

namespace sluice::queue {

class Queue;

// What a waiting join still waits for in one queue.
struct JoinPart {
  Queue* queue = nullptr;
  ItemId before;                // only_put_before: items below this id count; none: all count
  std::uint64_t remaining = 0;  // only_put_before: how many of them are unfinished
};

struct Waiter {
  OperationId operation;
  SessionId session;
  std::uint64_t arrival = 0;
  std::optional<TimePoint> deadline;
  std::variant<Get, Put, Join> command;
  Queue* queue = nullptr;        // of get and put
  std::vector<JoinPart> joined;  // of join
  std::size_t parked_bytes = 0;  // of put: what it is charged while it waits
  Links<Waiter> by_session;
};

// Waiting gets, or waiting puts, of one queue, first come first served. Those of suspended sessions keep their
// number but stand aside. Borrows: its waiters. Thread safety: none.
class WaiterLine {
 public:
  // The one whose turn it is; null when nobody is eligible.
  Waiter* First() const { return eligible_.empty() ? nullptr : eligible_.begin()->second; }
  std::size_t size() const { return eligible_.size() + aside_.size(); }

  void Add(Waiter* waiter, bool aside) {
    auto& line = aside ? aside_ : eligible_;
    line.emplace_hint(line.end(), waiter->arrival, waiter);
  }
  void Remove(const Waiter* waiter) {
    if (eligible_.erase(waiter->arrival) == 0) aside_.erase(waiter->arrival);
  }
  void SetAside(Waiter* waiter) {
    if (eligible_.erase(waiter->arrival) != 0) aside_.emplace(waiter->arrival, waiter);
  }
  void Restore(Waiter* waiter) {
    if (aside_.erase(waiter->arrival) != 0) eligible_.emplace(waiter->arrival, waiter);
  }
  // All, in order of arrival.
  std::vector<Waiter*> All() const {
    std::map<std::uint64_t, Waiter*> all = eligible_;
    all.insert(aside_.begin(), aside_.end());
    std::vector<Waiter*> waiters;
    for (const auto& [arrival, waiter] : all) waiters.push_back(waiter);
    return waiters;
  }

 private:
  std::map<std::uint64_t, Waiter*> eligible_;
  std::map<std::uint64_t, Waiter*> aside_;
};

}  // namespace sluice::queue
