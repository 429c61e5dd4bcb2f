// A client's identity on the server: the operations it has begun, the answers it has not confirmed, its lease.
//
// A session outlives its stream: while no stream is attached its waiting turns are kept but passed over and its
// leases stay, for the grace period; then the broker ends it. Operations and answers are numbered, so that after a
// reconnect each side sends again exactly what the other has not seen.
//
// Thread safety: all methods may be called from any thread. Completions and the sink are called under no lock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <sluice/clock.h>

#include "common/answer.h"
#include "common/command.h"
#include "common/ids.h"

namespace sluice::broker {

// An answer on its way to the client.
struct SessionAnswer {
  std::uint64_t operation = 0;  // the client's number
  std::string_view space;       // empty when it was refused before it reached one. Borrows: from the session
  std::shared_ptr<const Answer> answer;
};

// A queue of which the client is to give back what it got in advance, up to the delivery `last`, and has not begun.
struct SessionRecall {
  std::string_view space;  // Borrows: as SessionAnswer
  std::string queue;
  Fence last;
};

// A valid command and the namespace it goes to.
struct RoutedCommand {
  std::string space;
  Command command;
};
// Ends the wait of an earlier operation.
struct CancelCommand {
  std::uint64_t target = 0;
};
// Leases in one namespace that a client says it holds.
struct HeldLeases {
  std::string space;
  std::vector<Fence> fences;
};
// One operation of a client's message; an Answer is the refusal of one that is invalid.
struct SubmittedOperation {
  std::uint64_t operation = 0;  // the client's number
  std::variant<RoutedCommand, CancelCommand, Answer> what;
  bool answer_may_wait = false;  // its answer alone does not wake the stream
};

// The stream's side. Both methods may come from any thread and must not block; they may come once more just
// after Detach returned in another thread, so hold it by shared_ptr.
class SessionSink {
 public:
  virtual ~SessionSink() = default;
  // Answers or recalls are ready: call TakeAnswers when the stream can write, and again after each write until there
  // are none. Not repeated before the next TakeAnswers. May come before Attach returns.
  virtual void Wake() = 0;
  // Close this stream with `reason`: SESSION_LOST (the session ended), CANCELLED (another stream took it over),
  // LIMIT_REACHED (too many answers not confirmed), UNAVAILABLE (the server stops). Detach need not be called.
  virtual void Gone(Reason reason, const std::string& message) = 0;
};

class Session {
 public:
  class Impl;
  explicit Session(std::shared_ptr<Impl> impl);  // by Broker::OpenSession only

  SessionId id() const;
  const std::string& token() const;
  const std::string& client_name() const;
  std::chrono::milliseconds lease() const;
  std::chrono::milliseconds grace() const;

  struct Attached {
    bool ok = false;                    // false: the session has ended, or confirms answers it never got
    std::uint64_t operations_seen = 0;  // the highest operation number received
    // The server was started anew since the session began, and Holding has not been called since then: answers that
    // were not received are gone, and operations_seen is 0 for what is sent again. The answers are counted on from
    // `answers_seen`, as the client says it.
    bool restarted = false;
  };
  // Binds the stream; one bound before is told it is Gone. Waiting turns count again; what is recalled and not given
  // back is recalled anew. The first TakeAnswers starts
  // after `answers_seen`, which confirms, too.
  Attached Attach(std::shared_ptr<SessionSink> sink, std::uint64_t answers_seen);
  // The stream broke: waiting turns are passed over, the grace period begins. No effect when `sink` is not the one
  // attached.
  void Detach(const SessionSink* sink);
  // The client said goodbye: everything it holds is released now. Idempotent; as after every other end, further
  // operations are run no more and answered to nobody.
  void End();

  // A sign of life; moves the lease. Call for every message. Cheap.
  void Touch();
  // The client has received this many answers in all: forgets them, finishes auto_ack deliveries.
  // False: a number that goes back or ahead of what was sent; the stream must be closed.
  bool Confirm(std::uint64_t answers_seen);

  // After Attach said `restarted`, and before any operation: `held` is all that the client holds. Every other lease of
  // the session was in an answer that never arrived: it goes back to its place, the attempt not counted. No effect when
  // nobody asked.
  void Holding(std::vector<HeldLeases>&& held);

  // Begins the operations of a whole message in their order, each as Submit, Cancel or Refuse would, at the cost of
  // few locks for all of them. A sign of life, too. Those that are not above operations_seen are ignored.
  // Leaves `operations` empty, with its memory, for the next message.
  void SubmitAll(std::vector<SubmittedOperation>&& operations);

  // Runs an operation. False: `operation` is not above operations_seen (sent again after a reconnect): ignored.
  bool Submit(std::uint64_t operation, std::string_view space, Command command);
  // As Submit, for an operation that never reaches the broker because it is invalid.
  bool Refuse(std::uint64_t operation, Answer answer);
  // Ends the wait of operation `target`; `operation` is the number of the cancel itself, which has no answer. False
  // as for Submit. No effect when `target` does not wait.
  bool Cancel(std::uint64_t operation, std::uint64_t target);

  // The next answers to write, in order, at most `max_items` items and about `max_bytes` of payload (but at least
  // one answer, if there is one). They stay retained until Confirm. None when `sink` is not the one attached: a
  // stream that was taken over must not swallow what the new one has to write.
  // `recalls`, if given, gets all that came since they were last taken, each queue once. They are not retained.
  std::vector<SessionAnswer> TakeAnswers(const SessionSink* sink, std::size_t max_items, std::size_t max_bytes,
                                         std::vector<SessionRecall>* recalls = nullptr);

 private:
  const std::shared_ptr<Impl> impl_;
};

}  // namespace sluice::broker
