// What Client, Queue<T> and Task<T> stand on: commands go, answers come.
//
// Two implementations: RemoteLink (a session stream to a server) and EmbeddedLink (a broker in this process).
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <sluice/clock.h>

#include "client/cpp/src/async_side.h"
#include "client/cpp/src/fork_guard.h"
#include "client/cpp/src/lease_table.h"
#include "client/cpp/src/recall_table.h"
#include "client/cpp/src/receiver.h"
#include "client/cpp/src/waiting.h"
#include "common/answer.h"
#include "common/command.h"

namespace sluice::detail {

// Thread safety: all methods may be called from any thread, unless they say otherwise.
class Link {
 public:
  // An operation that was submitted.
  struct Operation {
    virtual ~Operation() = default;
  };
  using Ticket = std::shared_ptr<Operation>;

  // The destructor never blocks: what has to be ended in an orderly way is handed over to a thread.
  virtual ~Link() {
    if (!usable()) new std::shared_ptr<AsyncSide>(async_);  // the child of a fork: left as it is, locks and thread
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // `held_in`: the epoch of the lease that the command speaks of, or kAnyEpoch. In a later one it is refused with
  // LEASE_LOST: a server that was started again gives the fence to somebody else.
  // Blocks: while more is unsent than the link wants to hold, until it is sent or `stop` stops. Throws Unavailable,
  // LeaseLost or Cancelled when the operation was not even begun; the receiver gets no answer then.
  virtual Ticket Submit(std::string_view space, Command command, Receiver receiver, const std::stop_token& stop,
                        Epoch held_in) = 0;
  // For what nobody waits for yet: it goes out with the next message, or soon, and, when connected, before the link is
  // closed; with `at_once` there is a message for it now. Never blocks. Throws LeaseLost or Cancelled, as Submit.
  virtual Ticket SubmitLater(std::string_view space, Command command, Receiver receiver, Epoch held_in,
                             bool at_once) = 0;
  // Blocks: until `waiting` has its answer, be it that of an operation whose receiver it is, or from somebody else; or
  // until `until`. True: answered.
  virtual bool Await(const std::shared_ptr<Waiting>& waiting, SteadyTime until) = 0;
  // The operation ends soon: with what it got by then, or with CANCELLED. An item that arrives later goes back.
  virtual void Cancel(const Ticket& ticket) = 0;
  // As Cancel, of an operation that nobody waits for: the server hears of it with the next message, or soon.
  virtual void CancelLater(const Ticket& ticket) = 0;
  // Releases a lease; nobody waits for the answer.
  virtual void Release(std::string_view space, std::string_view queue, Fence fence, Epoch held_in) noexcept = 0;
  // Ends the connection: operations end with CANCELLED, leases are lost. Blocks: about 100 ms at most. Idempotent.
  virtual void Close() noexcept = 0;

  // The clock that operations wait by.
  virtual TimePoint Now() const { return SteadyClock::Get().Now(); }

  LeaseTable& leases() { return *leases_; }
  RecallTable& recalls() { return *recalls_; }
  // For asynchronous operations; may outlive the link, as long as their callbacks run.
  const std::shared_ptr<AsyncSide>& async() const { return async_; }
  // In the child of a fork nothing of a link may be touched: its threads are not there, its locks may be held for ever.
  bool usable() const noexcept { return fork_guard_.SameProcess(); }

 protected:
  Link(std::shared_ptr<LeaseTable> leases, std::shared_ptr<RecallTable> recalls)
      : leases_(std::move(leases)), recalls_(std::move(recalls)) {}

 private:
  const ForkGuard fork_guard_;
  const std::shared_ptr<LeaseTable> leases_;    // shared with the link's own thread
  const std::shared_ptr<RecallTable> recalls_;  // likewise
  const std::shared_ptr<AsyncSide> async_ = std::make_shared<AsyncSide>();
};

// What holds for every call. Throws InternalError.
void CheckUsable(const Link& link);

// What holds for every call that blocks. Throws InternalError, InvalidArgument, Cancelled.
void CheckMayBlock(const Link& link, const std::stop_token& stop);

// Waits for the answer of the operation. When this thread is interrupted, the operation is cancelled and its one answer
// waited for.
void AwaitAnswer(Link& link, const Link::Ticket& ticket, const std::shared_ptr<Waiting>& waiting);

// Submits and waits for the answer; throws what was refused. When `stop` stops, or this thread is interrupted, the
// operation is cancelled and the one answer is waited for: it may still be a result, which is returned.
Called Call(Link& link, std::string_view space, Command command, const std::stop_token& stop = {},
            Epoch held_in = kAnyEpoch);

// As Call, for the result alone.
template <typename Result>
Result CallFor(Link& link, std::string_view space, Command command, const std::stop_token& stop = {}) {
  return std::get<Result>(std::move(Call(link, space, std::move(command), stop).answer.result));
}

}  // namespace sluice::detail
