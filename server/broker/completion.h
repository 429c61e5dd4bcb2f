// How a submitted operation hears its answer, and the loop that runs such completions under no lock.
#pragma once

#include <functional>

#include "common/answer.h"

namespace sluice::broker {

// Exactly one call per submitted operation. Must not block and must not throw.
using Completion = std::function<void(Answer&&)>;

// Holds back what this thread is to run until its outermost scope ends.
//
// Whoever may bring answers about opens a scope before it takes its first lock. So a completion runs under no lock
// of the broker's, and one that calls the broker again (which opens an inner scope) only lengthens the loop of the
// outermost scope: the stack does not grow, and answers of a thread run in the order in which they were added.
//
// Thread safety: each thread has its own loop.
class CompletionScope {
 public:
  CompletionScope();
  // The outermost scope of the thread runs everything that was added, also what that adds in turn.
  ~CompletionScope();
  CompletionScope(const CompletionScope&) = delete;
  CompletionScope& operator=(const CompletionScope&) = delete;

  // Requires (both): a scope is open in this thread.
  static void Add(Completion completion, Answer&& answer);
  static void Defer(std::function<void()> task);
};

}  // namespace sluice::broker
