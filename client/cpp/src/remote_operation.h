// A command on its way over a session, and what waits for its answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "client/cpp/src/link.h"
#include "common/command.h"

namespace sluice::detail {

// Constant after the submission, but for what the conversation keeps under its lock.
struct RemoteOperation : Link::Operation {
  std::string space;
  Command command;
  Receiver receiver;          // empty: nobody waits for the answer (any more)
  std::size_t bytes = 0;      // about what it takes on the wire
  Epoch held_in = kAnyEpoch;  // of the lease it speaks of
  bool answer_may_wait = false;

  // ---- the conversation's ----
  bool unattended = false;             // no thread waits for its answer
  std::uint64_t id = 0;                // its number in the session; 0: over, as far as the caller goes, and forgotten
  std::uint64_t cancel = 0;            // the number of its Cancel, when there is one
  bool cancelled = false;              // by the caller
  bool unwanted = false;               // the caller is gone; the server may still have it
  bool told = false;                   // it was sent, in this session or another one
  bool refused = false;                // the server said UNAVAILABLE: to be sent again
  std::string refusal;                 // and why, the last time
  std::optional<SteadyTime> deadline;  // of its timeout, counted from the first time it was sent
  std::optional<SteadyTime> give_up;   // when it ends with UNAVAILABLE or CANCELLED without an answer
};
using RemoteOperationPtr = std::shared_ptr<RemoteOperation>;

}  // namespace sluice::detail
