#include "server/broker/completion.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <utility>

namespace sluice::broker {
namespace {

// Of one receiver.
struct Answers {
  std::shared_ptr<AnswerReceiver> to;
  std::vector<NumberedAnswer> answers;
};

// A completion and its answer, or a task.
struct Owed {
  Completion completion;
  Answer answer;
  std::function<void()> task;
};

// A burst (a drain, 10,000 getters woken at once) must not keep its memory for the life of the thread.
constexpr std::size_t kKeptCapacity = 256;
// Among so many of the latest receivers the next answer's is looked for: a step rarely has more, and one that has many
// must not search them all for each answer.
constexpr std::size_t kSearched = 8;

// What is to be told. Its buffers are reused, so that a steady load allocates nothing.
class Debts {
 public:
  bool empty() const { return owed_.empty() && used_ == 0; }

  Owed& Add() { return owed_.emplace_back(); }

  std::vector<NumberedAnswer>& AnswersOf(AnswerReceiver& to) {
    for (std::size_t at = used_; at > used_ - std::min(used_, kSearched); --at) {
      if (answers_[at - 1].to.get() == &to) return answers_[at - 1].answers;
    }
    if (used_ == answers_.size()) answers_.emplace_back();
    Answers& fresh = answers_[used_++];
    fresh.to = to.shared_from_this();
    return fresh.answers;
  }

  void Run() {
    for (std::size_t at = 0; at < used_; ++at) Tell(answers_[at]);
    used_ = 0;
    if (answers_.size() > kSearched) answers_.resize(kSearched);
    for (Owed& each : owed_) {
      if (each.task) {
        each.task();
        continue;
      }
      const Completion completion = std::move(each.completion);  // what it captured goes as soon as it was called
      completion(std::move(each.answer));
    }
    owed_.clear();
    if (owed_.capacity() > kKeptCapacity) owed_.shrink_to_fit();
  }

 private:
  static void Tell(Answers& told) {
    const auto to = std::move(told.to);
    to->Answered(told.answers);
    told.answers.clear();
    if (told.answers.capacity() > kKeptCapacity) told.answers.shrink_to_fit();
  }

  std::vector<Owed> owed_;
  std::vector<Answers> answers_;  // the first used_; the others are buffers
  std::size_t used_ = 0;
};

// What this thread owes. The two take turns: what runs adds to the other.
struct Loop {
  int depth = 0;
  Debts debts[2];
  int adding = 0;
};

thread_local Loop loop;

}  // namespace

CompletionScope::CompletionScope() { ++loop.depth; }

CompletionScope::~CompletionScope() {
  if (loop.depth == 1) {
    while (!loop.debts[loop.adding].empty()) {
      Debts& running = loop.debts[loop.adding];
      loop.adding = 1 - loop.adding;
      running.Run();
    }
  }
  --loop.depth;
}

void CompletionScope::Add(Completion completion, Answer&& answer) {
  assert(loop.depth > 0);
  Owed& owed = loop.debts[loop.adding].Add();
  owed.completion = std::move(completion);
  owed.answer = std::move(answer);
}

void CompletionScope::Add(AnswerReceiver& to, NumberedAnswer&& answer) {
  assert(loop.depth > 0);
  loop.debts[loop.adding].AnswersOf(to).push_back(std::move(answer));
}

void CompletionScope::Defer(std::function<void()> task) {
  assert(loop.depth > 0);
  loop.debts[loop.adding].Add().task = std::move(task);
}

}  // namespace sluice::broker
