// Queues as things to find, create, change, look at and delete.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "common/limits.h"
#include "server/queue/state.h"

namespace sluice::queue {
namespace {

std::string_view OrderName(Order order) {
  switch (order) {
    case Order::kFifo: return "fifo";
    case Order::kLifo: return "lifo";
    case Order::kPriority: break;
  }
  return "priority";
}

// "maxsize 100, not 50; order fifo, not lifo"
std::string Differences(const QueueSettings& have, const QueueSettings& want) {
  std::string text;
  const auto add = [&text](std::string_view field, const std::string& is, const std::string& wanted) {
    if (is == wanted) return;
    if (!text.empty()) text += "; ";
    text += std::string(field) + " " + is + ", not " + wanted;
  };
  const auto yes = [](bool value) { return std::string(value ? "true" : "false"); };
  add("order", std::string(OrderName(have.order)), std::string(OrderName(want.order)));
  add("maxsize", std::to_string(have.maxsize), std::to_string(want.maxsize));
  add("max_bytes", std::to_string(have.max_bytes), std::to_string(want.max_bytes));
  add("count_leased", yes(have.count_leased), yes(want.count_leased));
  add("durability", std::to_string(static_cast<int>(have.durability)),
      std::to_string(static_cast<int>(want.durability)));
  add("lease_ms", std::to_string(have.lease.count()), std::to_string(want.lease.count()));
  add("max_attempts", std::to_string(have.max_attempts), std::to_string(want.max_attempts));
  add("paused", yes(have.paused), yes(want.paused));
  return text;
}

}  // namespace

Queue* Namespace::State::Find(const Call& call, const std::string& name) {
  const auto found = queues_.find(name);
  if (found != queues_.end()) return found->second.get();
  call.Refuse(Reason::kQueueNotFound, Named(name) + " does not exist: create it first");
  return nullptr;
}

Queue* Namespace::State::FindOrCreate(const Call& call, const std::string& name,
                                      const std::optional<QueueSettings>& create) {
  if (!create) return Find(call, name);
  const auto found = queues_.find(name);
  return found != queues_.end() ? found->second.get() : Create(call, name, *create);
}

Queue* Namespace::State::Create(const Call& call, const std::string& name, const QueueSettings& settings) {
  if (queues_.size() >= limits_.max_queues) {
    call.Refuse(Reason::kLimitReached,
                "this server has as many queues as it may have: delete some, or raise max_queues");
    return nullptr;
  }
  auto queue = std::make_unique<Queue>(++last_queue_, name, settings, call.now);
  LogQueue(*queue);
  return queues_.emplace(name, std::move(queue)).first->second.get();
}

bool Namespace::State::Run(const Call& call, CreateQueue&& create) {
  const auto found = queues_.find(create.queue);
  if (found == queues_.end()) {
    const Queue* queue = Create(call, create.queue, create.settings);
    if (queue != nullptr) call.Succeed(CreateResult{true, Reached(*queue)});
    return false;
  }
  const QueueSettings& have = found->second->settings;
  if (have == create.settings) {
    call.Succeed(CreateResult{false, Reached(*found->second)});
  } else {
    call.Refuse(Reason::kQueueExists, Named(create.queue) + " exists with other settings: " +
                                          Differences(have, create.settings) + "; update it, or create it as it is");
  }
  return false;
}

bool Namespace::State::Run(const Call& call, UpdateQueue&& update) {
  Queue* queue = Find(call, update.queue);
  if (queue == nullptr) return false;
  QueueSettings& settings = queue->settings;
  settings.maxsize = update.update.maxsize.value_or(settings.maxsize);
  settings.max_bytes = update.update.max_bytes.value_or(settings.max_bytes);
  settings.count_leased = update.update.count_leased.value_or(settings.count_leased);
  settings.lease = update.update.lease.value_or(settings.lease);
  settings.max_attempts = update.update.max_attempts.value_or(settings.max_attempts);
  settings.paused = update.update.paused.value_or(settings.paused);
  LogQueue(*queue);
  call.Succeed(UpdateResult{settings, Reached(*queue)});
  RefuseHopelessPutters(*queue, call.effects);
  Settle(*queue, call.now, call.effects);
  return false;
}

bool Namespace::State::Run(const Call& call, DeleteQueue&& remove) {
  Queue* queue = Find(call, remove.queue);
  if (queue == nullptr) return false;
  const std::uint64_t discarded = queue->unfinished();
  DiscardReady(*queue, call.effects);
  while (StoredItem* item = queue->items.front()) {
    Unlease(*item);
    Finish(*item, Outcome::kDiscarded, call.effects);
  }
  GiveFreed();
  LogQueueDeleted(*queue);

  const auto end = [&](Waiter* waiter) {
    EndWaiter(*waiter, Reason::kQueueDeleted, Named(queue->name) + " was deleted", call.effects);
  };
  for (Waiter* waiter : queue->getters.All()) end(waiter);
  for (Waiter* waiter : queue->ahead.All()) end(waiter);
  for (Waiter* waiter : queue->putters.All()) end(waiter);
  while (!queue->joiners.empty()) end(queue->joiners.front());
  while (!queue->peekers.empty()) end(queue->peekers.front());
  SetWaitsForMemory(*queue, 0);
  NotePaged(*queue);
  const Durability reached = Reached(*queue);
  queues_.erase(remove.queue);
  call.Succeed(DeleteResult{discarded, reached});
  return false;
}

bool Namespace::State::Run(const Call& call, ListQueues&& list) {
  const std::size_t most =
      list.max_queues == 0 ? limits::kListQueues : std::min(std::size_t{list.max_queues}, limits::kListQueues);
  ListResult result;
  auto next = list.after < list.prefix ? queues_.lower_bound(list.prefix) : queues_.upper_bound(list.after);
  for (; next != queues_.end() && next->first.starts_with(list.prefix); ++next) {
    if (result.queues.size() == most) {
      result.more = true;
      break;
    }
    result.queues.push_back(next->second->Describe(call.now));
  }
  call.Succeed(std::move(result), 0);
  return false;
}

bool Namespace::State::Run(const Call& call, DescribeQueue&& describe) {
  Queue* queue = Find(call, describe.queue);
  if (queue != nullptr) call.Succeed(DescribeResult{queue->Describe(call.now)}, 0);
  return false;
}

}  // namespace sluice::queue
