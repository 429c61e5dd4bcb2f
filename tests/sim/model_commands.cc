// The commands that never wait.
#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "tests/sim/model.h"

namespace sluice::sim {
namespace {

Answer NotFound() { return Answer::Refused(Reason::kQueueNotFound, ""); }

// A settlement is refused when it settles nothing.
template <typename Result>
Answer Settled(Result result, const std::vector<Fence>& asked) {
  if (!asked.empty() && result.lost.size() == asked.size()) return Answer::Refused(Reason::kLeaseLost, "");
  return Answer::Ok(std::move(result));
}

}  // namespace

ModelQueue* Model::Find(const std::string& name) {
  auto found = queues_.find(name);
  return found == queues_.end() ? nullptr : &found->second;
}

// Calls `visit(item)` for each fence that is held, in order; returns the others. One that is named twice is lost the
// second time.
template <typename Visit>
std::vector<Fence> Model::ForEachHeld(ModelQueue& queue, const std::vector<Fence>& fences, Visit visit) {
  std::vector<Fence> lost;
  std::set<Fence> seen;
  for (Fence fence : fences) {
    ModelItem* held = queue.Held(fence);
    if (held == nullptr || !seen.insert(fence).second) {
      lost.push_back(fence);
    } else {
      visit(*held);
    }
  }
  return lost;
}

Answer Model::Run(const TaskDone& command) {
  ModelQueue* queue = Find(command.queue);
  if (queue == nullptr) return NotFound();
  TaskDoneResult result;
  result.lost = ForEachHeld(*queue, command.fences, [&](const ModelItem& item) {
    ++queue->done;
    queue->Remove(item.id);
  });
  return Settled(std::move(result), command.fences);
}

Answer Model::Run(const Fail& command) {
  ModelQueue* queue = Find(command.queue);
  if (queue == nullptr) return NotFound();
  FailResult result;
  result.lost = ForEachHeld(*queue, command.fences, [&](ModelItem& item) {
    const std::uint64_t dead = queue->dead;
    item.last_error.clear();
    if (MemoryUsed() + memory_of_others_ + command.error.size() <= memory_limit_) item.last_error = command.error;
    Return(*queue, item.lease->fence, Attempt::kCounted);
    queue->dead > dead ? ++result.dead : ++result.retried;
  });
  return Settled(std::move(result), command.fences);
}

Answer Model::Run(const Release& command) {
  ModelQueue* queue = Find(command.queue);
  if (queue == nullptr) return NotFound();
  ReleaseResult result;
  result.lost = ForEachHeld(*queue, command.fences,
                            [&](ModelItem& item) { Return(*queue, item.lease->fence, Attempt::kNotCounted); });
  return Settled(std::move(result), command.fences);
}

Answer Model::Run(const Extend& command) {
  ModelQueue* queue = Find(command.queue);
  if (queue == nullptr) return NotFound();
  ExtendResult result{{}, command.lease.count() == 0 ? queue->settings.lease : command.lease};
  result.lost = ForEachHeld(*queue, command.fences, [&](ModelItem& item) {
    if (item.lease->deadline) item.lease->deadline = now_ + result.lease;
  });
  return Settled(std::move(result), command.fences);
}

std::uint64_t Model::DiscardReady(ModelQueue& queue) {
  const std::uint64_t discarded = std::erase_if(queue.items, [](const ModelItem& item) { return !item.lease; });
  queue.discarded += discarded;
  return discarded;
}

Answer Model::Run(const Shutdown& command) {
  ModelQueue* queue = Find(command.queue);
  if (queue == nullptr) return NotFound();
  queue->shut_down = true;
  queue->discards = queue->discards || command.immediate;
  return Answer::Ok(ShutdownResult{command.immediate ? DiscardReady(*queue) : 0});
}

Answer Model::Run(const Reopen& command) {
  ModelQueue* queue = Find(command.queue);
  if (queue == nullptr) return NotFound();
  queue->shut_down = queue->discards = false;
  return Answer::Ok(ReopenResult{});
}

Answer Model::Run(const Stats& command) {
  const ModelQueue* queue = Find(command.queue);
  if (queue == nullptr) return NotFound();
  return Answer::Ok(StatsResult{StatsOf(command.queue, *queue)});
}

Answer Model::Run(const Peek& command) {
  const ModelQueue* queue = Find(command.queue);
  if (queue == nullptr) return NotFound();
  PeekResult result;
  std::size_t bytes = 0;
  for (const ModelItem* item : ReadyInOrder(*queue)) {
    bytes += item->content->payload.size() + item->content->content_type.size() + item->last_error.size();
    for (const auto& [name, value] : item->content->headers) bytes += name.size() + value.size();
    if (result.items.size() == command.max_items || (!result.items.empty() && bytes > limits::kReplyBytes)) break;
    result.items.push_back({item->id, item->attempts, item->put_time, item->last_error, item->content});
  }
  return Answer::Ok(std::move(result));
}

Answer Model::CreateIfMissing(const std::string& name, const std::optional<QueueSettings>& create) {
  if (!create || Find(name) != nullptr) return Answer::Ok(CreateResult{false});
  if (queues_.size() >= max_queues_) return Answer::Refused(Reason::kLimitReached, "");
  ModelQueue queue;
  queue.settings = *create;
  queue.created = now_;
  queues_.emplace(name, std::move(queue));
  return Answer::Ok(CreateResult{true});
}

Answer Model::Run(const CreateQueue& command) {
  const ModelQueue* queue = Find(command.queue);
  if (queue != nullptr && queue->settings != command.settings) return Answer::Refused(Reason::kQueueExists, "");
  return CreateIfMissing(command.queue, command.settings);
}

Answer Model::Run(const UpdateQueue& command) {
  ModelQueue* queue = Find(command.queue);
  if (queue == nullptr) return NotFound();
  QueueSettings& settings = queue->settings;
  const QueueUpdate& update = command.update;
  settings.maxsize = update.maxsize.value_or(settings.maxsize);
  settings.max_bytes = update.max_bytes.value_or(settings.max_bytes);
  settings.count_leased = update.count_leased.value_or(settings.count_leased);
  settings.lease = update.lease.value_or(settings.lease);
  settings.max_attempts = update.max_attempts.value_or(settings.max_attempts);
  settings.paused = update.paused.value_or(settings.paused);
  return Answer::Ok(UpdateResult{settings});
}

Answer Model::Delete(const DeleteQueue& command, queue::Effects& effects) {
  const ModelQueue* queue = Find(command.queue);
  if (queue == nullptr) return NotFound();
  const DeleteResult result{queue->items.size()};
  std::erase_if(waiters_, [&](const ModelWaiter& waiter) {
    bool concerned = false;
    if (const Put* put = std::get_if<Put>(&waiter.command)) concerned = put->queue == command.queue;
    if (const Get* get = std::get_if<Get>(&waiter.command)) concerned = get->queue == command.queue;
    if (const Join* join = std::get_if<Join>(&waiter.command)) {
      concerned = std::count(join->queues.begin(), join->queues.end(), command.queue) > 0;
    }
    if (concerned) effects.answers.emplace_back(waiter.op, Answer::Refused(Reason::kQueueDeleted, ""));
    return concerned;
  });
  std::erase_if(remembered_, [&](const auto& put) { return std::get<0>(put.first) == command.queue; });
  queues_.erase(command.queue);
  return Answer::Ok(result);
}

Answer Model::Run(const ListQueues& command) {
  ListResult result;
  const std::size_t most = command.max_queues == 0 ? limits::kListQueues : command.max_queues;
  for (const auto& [name, queue] : queues_) {
    if (!name.starts_with(command.prefix) || name <= command.after) continue;
    if (result.queues.size() == most) {
      result.more = true;
      break;
    }
    result.queues.push_back(DescriptionOf(name, queue));
  }
  return Answer::Ok(std::move(result));
}

Answer Model::Run(const DescribeQueue& command) {
  const ModelQueue* queue = Find(command.queue);
  if (queue == nullptr) return NotFound();
  return Answer::Ok(DescribeResult{DescriptionOf(command.queue, *queue)});
}

Answer Model::Run(const PurgeQueue& command) {
  ModelQueue* queue = Find(command.queue);
  if (queue == nullptr) return NotFound();
  return Answer::Ok(PurgeResult{DiscardReady(*queue)});
}

QueueDescription Model::DescriptionOf(const std::string& name, const ModelQueue& queue) const {
  return {name, queue.settings, StatsOf(name, queue), queue.created};
}

QueueStats Model::StatsOf(const std::string& name, const ModelQueue& queue) const {
  QueueStats stats;
  TimePoint oldest = now_;
  for (const ModelItem& item : queue.items) {
    ++(item.lease ? stats.leased : stats.ready);
    (item.lease ? stats.leased_bytes : stats.ready_bytes) += item.content->payload.size();
    if (!item.lease) oldest = std::min(oldest, item.put_time);
  }
  stats.unfinished = queue.items.size();
  stats.put = queue.put;
  stats.delivered = queue.delivered;
  stats.redelivered = queue.redelivered;
  stats.done = queue.done;
  stats.dead = queue.dead;
  stats.discarded = queue.discarded;
  for (const ModelWaiter& waiter : waiters_) {
    if (const Put* put = std::get_if<Put>(&waiter.command)) stats.waiting_putters += put->queue == name;
    if (const Get* get = std::get_if<Get>(&waiter.command)) {
      stats.waiting_getters += get->queue == name && get->prefetch != Prefetch::kAhead;
    }
    if (const Join* join = std::get_if<Join>(&waiter.command)) {
      stats.waiting_joiners += std::count(join->queues.begin(), join->queues.end(), name) > 0;
    }
  }
  stats.oldest_ready_age = std::chrono::duration_cast<std::chrono::milliseconds>(now_ - oldest);
  stats.empty = stats.ready == 0;
  const std::uint64_t items = stats.ready + (queue.settings.count_leased ? stats.leased : 0);
  const std::uint64_t bytes = stats.ready_bytes + (queue.settings.count_leased ? stats.leased_bytes : 0);
  const auto [maxsize, max_bytes] = std::pair(queue.settings.maxsize, queue.settings.max_bytes);
  stats.full = (maxsize > 0 && items >= static_cast<std::uint64_t>(maxsize)) ||
               (max_bytes > 0 && bytes >= static_cast<std::uint64_t>(max_bytes));
  stats.shut_down = queue.shut_down;
  stats.paused = queue.settings.paused;
  return stats;
}

}  // namespace sluice::sim
