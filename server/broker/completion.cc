#include "server/broker/completion.h"

#include <cassert>
#include <utility>
#include <vector>

namespace sluice::broker {
namespace {

struct Owed {
  Completion completion;
  Answer answer;
  std::function<void()> task;  // instead of a completion
};

// What this thread owes. The two vectors take turns, so that a steady load allocates nothing.
struct Loop {
  int depth = 0;
  std::vector<Owed> added;
  std::vector<Owed> running;
};

// A burst (a drain, 10,000 getters woken at once) must not keep its memory for the life of the thread.
constexpr std::size_t kKeptCapacity = 256;

thread_local Loop loop;

void Run(std::vector<Owed>& owed) {
  for (Owed& each : owed) {
    if (each.task) {
      each.task();
      continue;
    }
    const Completion completion = std::move(each.completion);  // what it captured goes as soon as it was called
    completion(std::move(each.answer));
  }
  owed.clear();
  if (owed.capacity() > kKeptCapacity) owed.shrink_to_fit();
}

}  // namespace

CompletionScope::CompletionScope() { ++loop.depth; }

CompletionScope::~CompletionScope() {
  if (loop.depth == 1) {
    while (!loop.added.empty()) {
      loop.running.swap(loop.added);
      Run(loop.running);
    }
  }
  --loop.depth;
}

void CompletionScope::Add(Completion completion, Answer&& answer) {
  assert(loop.depth > 0);
  loop.added.push_back({std::move(completion), std::move(answer), nullptr});
}

void CompletionScope::Defer(std::function<void()> task) {
  assert(loop.depth > 0);
  loop.added.push_back({nullptr, {}, std::move(task)});
}

}  // namespace sluice::broker
