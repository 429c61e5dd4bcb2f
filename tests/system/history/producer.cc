#include <future>
#include <utility>

#include "tests/system/history/load.h"
#include "tests/system/history/payload.h"

namespace sluice::history {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostOfAPut = 16;  // of a put
constexpr std::size_t kMostPuts = 8;     // without waiting for their answers

// Reasons that say: it was not added. After any other error nobody knows.
bool IsRefusal(Reason reason) {
  switch (reason) {
    case Reason::kFull:
    case Reason::kShutDown:
    case Reason::kQueueNotFound:
    case Reason::kQueueExists:
    case Reason::kTooLarge:
    case Reason::kInvalidArgument:
    case Reason::kLimitReached: return true;
    default: return false;
  }
}

class Producer {
 public:
  Producer(Load& load, std::size_t thread) : load_(load), dice_(load.seed, thread) {
    for (const LoadQueue& queue : load.queues) queues_.push_back(load.QueueOf(thread, queue));
  }

  void Run() {
    while (!load_.draining) {
      dice_.Pause(load_.pause);
      const TextQueue& queue = queues_[dice_.Below(queues_.size())];
      dice_.Chance(30) ? PutWithoutWaiting(queue) : Put(queue);
    }
  }

 private:
  struct Begun {
    std::uint64_t operation = 0;
    std::vector<std::string> payloads;
    PutOptions options;
  };

  Begun Begin(const TextQueue& queue) {
    Begun begun{.operation = load_.history.NextOperation(), .payloads = {}, .options = {}};
    if (dice_.Chance(40)) begun.options.timeout = std::chrono::milliseconds(dice_.Below(50));
    begun.options.priority = static_cast<std::int64_t>(dice_.Below(5));
    std::vector<std::uint64_t> items(dice_.Chance(60) ? 1 : 1 + dice_.Below(kMostOfAPut));
    for (std::uint64_t& item : items) {
      item = load_.history.NextItem();
      begun.payloads.push_back(PayloadOf(item, dice_.Chance(1) ? 20'000 : dice_.Below(200)));
    }
    load_.history.Write("put", begun.operation, queue.name(), items);
    return begun;
  }

  // `ids`: the call, or the wait for its answer.
  template <typename Ids>
  void End(std::uint64_t operation, Ids ids) {
    try {
      load_.history.Write("put_ok", operation, ids());
    } catch (const Error& error) {
      load_.history.Write(IsRefusal(error.reason()) ? "put_refused" : "put_unknown", operation,
                          ReasonName(error.reason()));
    }
  }

  void Put(const TextQueue& queue) {
    const Begun begun = Begin(queue);
    End(begun.operation, [&] {
      return begun.payloads.size() > 1 ? queue.put_many(begun.payloads, begun.options)
                                       : std::vector{queue.put(begun.payloads.front(), begun.options)};
    });
  }

  void PutWithoutWaiting(const TextQueue& queue) {
    std::vector<std::pair<std::uint64_t, std::future<std::vector<std::uint64_t>>>> puts(1 + dice_.Below(kMostPuts));
    for (auto& [operation, ids] : puts) {
      const Begun begun = Begin(queue);
      operation = begun.operation;
      ids = queue.put_many_async(begun.payloads, begun.options);
    }
    for (auto& [operation, ids] : puts) End(operation, [&answer = ids] { return answer.get(); });
  }

  Load& load_;
  Dice dice_;
  std::vector<TextQueue> queues_;
};

}  // namespace

void Produce(Load& load, std::size_t thread) { Producer(load, thread).Run(); }

}  // namespace sluice::history
