#include <future>
#include <optional>
#include <utility>

#include "tests/system/history/load.h"
#include "tests/system/history/payload.h"

namespace sluice::history {
namespace {

using namespace std::chrono_literals;

using TextTask = TextQueue::task_type;

constexpr std::size_t kMostOfAGet = 16;  // of a get
constexpr auto kWait = 50ms;             // of a get at the queue of this thread
constexpr std::size_t kAheadEvery = 4;   // so many threads; one of them gets items in advance

class Consumer {
 public:
  Consumer(Load& load, std::size_t thread) : load_(load), dice_(load.seed, thread), home_(thread % load.queues.size()) {
    for (const LoadQueue& queue : load.queues) queues_.push_back(load.QueueOf(thread, queue));
    if (thread % kAheadEvery == 0) ahead_ = queues_[home_].consumer({.prefetch = 8});
  }

  void Run() {
    while (!load_.over) {
      const bool at_home = dice_.Chance(60);
      const TextQueue& queue = queues_[at_home ? home_ : dice_.Below(queues_.size())];
      std::vector<TextTask> tasks = Get(queue, at_home);
      if (tasks.empty()) continue;
      dice_.Pause(load_.pause);
      Settle(queue, tasks);
    }
  }

 private:
  std::vector<TextTask> Get(const TextQueue& queue, bool at_home) {
    const std::size_t most = dice_.Chance(50) ? 1 : 1 + dice_.Below(kMostOfAGet);
    const GetManyOptions options{.timeout = at_home ? WaitTime(kWait) : WaitTime(1ms)};
    try {
      std::vector<TextTask> tasks = at_home && ahead_ ? ahead_->get_many(most, options) : queue.get_many(most, options);
      for (const TextTask& task : tasks) WriteGot(queue, task);
      return tasks;
    } catch (const Empty&) {
    } catch (const Error& error) {
      load_.history.Write("get_failed", queue.name(), ReasonName(error.reason()));
    }
    return {};
  }

  void WriteGot(const TextQueue& queue, const TextTask& task) {
    const std::optional<std::uint64_t> item = ItemOf(task.payload());
    const std::string text = item ? std::to_string(*item) : "damaged";
    load_.history.Write("got", queue.name(), text, task.id(), task.fence(), task.attempt());
  }

  void Settle(const TextQueue& queue, std::vector<TextTask>& tasks) {
    const std::uint64_t way = dice_.Below(100);
    if (way < 10) {
      Each(queue, "fail", tasks, [](TextTask& task) { task.fail("not this time"); });
    } else if (way < 20) {
      Each(queue, "release", tasks, [](TextTask& task) { task.release(); });
    } else if (way < 40) {
      Each(queue, "done", tasks, [](TextTask& task) { task.done(); });
    } else if (way < 55) {
      DoneWithoutWaiting(queue, tasks);
    } else {
      DoneTogether(queue, tasks, way < 70);
    }
  }

  std::uint64_t Begin(const TextQueue& queue, const char* way, const std::vector<std::uint64_t>& fences) {
    const std::uint64_t operation = load_.history.NextOperation();
    load_.history.Write("settle", operation, queue.name(), way, fences);
    return operation;
  }

  template <typename Way>
  void Each(const TextQueue& queue, const char* name, std::vector<TextTask>& tasks, Way way) {
    for (TextTask& task : tasks) {
      const std::uint64_t operation = Begin(queue, name, {task.fence()});
      End(operation, task.fence(), [&] { way(task); });
    }
  }

  // `call`: settles the one lease, or waits for the answer.
  template <typename Call>
  void End(std::uint64_t operation, std::uint64_t fence, Call call) {
    std::string outcome = ":ok";
    try {
      call();
    } catch (const Error& error) {
      outcome = error.reason() == Reason::kLeaseLost ? ":lost" : ":unknown";
    }
    load_.history.Write("settled", operation, std::to_string(fence) + outcome);
  }

  void DoneWithoutWaiting(const TextQueue& queue, std::vector<TextTask>& tasks) {
    struct Begun {
      std::uint64_t operation = 0;
      std::uint64_t fence = 0;
      std::future<void> end;
    };
    std::vector<Begun> all;
    for (TextTask& task : tasks) {
      const std::uint64_t fence = task.fence();
      const std::uint64_t operation = Begin(queue, "done", {fence});
      all.push_back({operation, fence, std::move(task).done_async()});
    }
    for (Begun& begun : all) End(begun.operation, begun.fence, [&begun] { begun.end.get(); });
  }

  // nowait: nobody says how it ended.
  void DoneTogether(const TextQueue& queue, std::vector<TextTask>& tasks, bool nowait) {
    std::vector<std::uint64_t> fences;
    for (const TextTask& task : tasks) fences.push_back(task.fence());
    const std::uint64_t operation = Begin(queue, "done", fences);
    try {
      nowait ? queue.done_many_nowait(tasks) : queue.done_many(tasks);
    } catch (const Error&) {
      // The tasks tell.
    }
    std::vector<std::string> outcomes;
    for (const TextTask& task : tasks) {
      const char* const outcome = task.lost() ? ":lost" : task.decided() && !nowait ? ":ok" : ":unknown";
      outcomes.push_back(std::to_string(task.fence()) + outcome);
    }
    load_.history.Write("settled", operation, outcomes);
  }

  Load& load_;
  Dice dice_;
  const std::size_t home_;
  std::vector<TextQueue> queues_;
  std::optional<sluice::Consumer<std::string>> ahead_;
};

}  // namespace

void Consume(Load& load, std::size_t thread) { Consumer(load, thread).Run(); }

}  // namespace sluice::history
