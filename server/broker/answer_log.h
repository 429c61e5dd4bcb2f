// A session's answers in order, numbered from 1: which of them were sent, which the client has confirmed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "server/broker/completion.h"
#include "server/broker/session.h"

namespace sluice::broker {

// Finds its weight: not free for a large one, so better done under no lock.
void Weigh(NumberedAnswer& answer);

//   1 .. confirmed    forgotten
//   .. next           sent on the stream of now; the rest of what was sent is sent again
//   .. sent           sent on any stream so far
//   .. the last       waits to be sent
//
// Thread safety: none.
class AnswerLog {
 public:
  // Requires: it was weighed.
  void Add(NumberedAnswer&& answer);

  // The next ones, at most `max_items` items and about `max_bytes` of payload; at least one, if there is one.
  std::vector<SessionAnswer> Take(std::size_t max_items, std::size_t max_bytes);

  // Appends to `forgotten` what is not needed any more. False, and no effect, when `count` goes back or is ahead of
  // what was sent.
  bool Confirm(std::uint64_t count, std::vector<NumberedAnswer>* forgotten);
  // As Confirm; and what comes after `count` is sent again.
  bool Rewind(std::uint64_t count, std::vector<NumberedAnswer>* forgotten);

  // The first one that is added has the number `count` + 1. Requires: none was added.
  void StartAfter(std::uint64_t count) { confirmed_ = next_ = sent_ = count; }

  // True when Take would return something.
  bool HasNext() const { return next_ < confirmed_ + retained_.size(); }
  // Those that were never sent on any stream, in order.
  std::vector<NumberedAnswer> Unsent() const;
  std::size_t retained() const { return retained_.size(); }
  // True when an answer whose deliveries are finished by its confirmation may be among those that are kept.
  bool HasAutoAck() const { return auto_acks_ > 0; }

 private:
  std::deque<NumberedAnswer> retained_;  // confirmed_ + 1 ..
  std::size_t auto_acks_ = 0;
  std::uint64_t confirmed_ = 0;
  std::uint64_t next_ = 0;
  std::uint64_t sent_ = 0;
};

}  // namespace sluice::broker
