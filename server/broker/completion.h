// How a submitted operation hears its answer, and the loop that tells it under no lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/answer.h"
#include "common/ids.h"

namespace sluice::broker {

class Space;

// Exactly one call per submitted operation. Must not block and must not throw.
using Completion = std::function<void(Answer&&)>;

// The answer to an operation that is known by a number.
struct NumberedAnswer {
  std::uint64_t operation = 0;
  Space* space = nullptr;  // where it ran; null when it was refused before it reached one
  bool waited = false;     // it was not answered at once
  bool may_wait = false;   // nobody waits for it, unless it delivers something
  std::shared_ptr<const Answer> answer;
  // What it counts when answers are put together to a message: its items and about their bytes. The receiver's.
  std::size_t items = 1;
  std::size_t bytes = 0;

  // What it delivers; null when it is no get's.
  const GetResult* got() const { return std::get_if<GetResult>(&answer->result); }
  // Its items are finished when its caller has them.
  bool auto_ack() const { return got() != nullptr && got()->auto_ack; }
};

// Hears the answers to its numbered operations, as many at once as there are. Always owned by a shared_ptr.
class AnswerReceiver : public std::enable_shared_from_this<AnswerReceiver> {
 public:
  virtual ~AnswerReceiver() = default;
  // In the order in which they were added. May take them. Must not block and must not throw.
  virtual void Answered(std::vector<NumberedAnswer>& answers) = 0;
  // What it holds of this queue in advance is wanted back, up to the delivery `last`, of which it may not have heard
  // yet. Likewise.
  virtual void Recalled(const Space& space, const std::string& queue, Fence last) = 0;
};

// Holds back what this thread is to run until its outermost scope ends.
//
// Whoever may bring answers about opens a scope before it takes its first lock. So a completion runs under no lock
// of the broker's, and one that calls the broker again (which opens an inner scope) only lengthens the loop of the
// outermost scope: the stack does not grow. Completions of a thread run in the order in which they were added; so do
// the answers of a receiver, which come together, and not later than the completions that were added with them.
//
// Thread safety: each thread has its own loop.
class CompletionScope {
 public:
  CompletionScope();
  // The outermost scope of the thread runs everything that was added, also what that adds in turn.
  ~CompletionScope();
  CompletionScope(const CompletionScope&) = delete;
  CompletionScope& operator=(const CompletionScope&) = delete;

  // Requires (all): a scope is open in this thread.
  static void Add(Completion completion, Answer&& answer);
  // Keeps `to` alive until it was told.
  static void Add(AnswerReceiver& to, NumberedAnswer&& answer);
  static void Defer(std::function<void()> task);
};

}  // namespace sluice::broker
