#include "tests/sim/witness.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "common/limits.h"

namespace sluice::sim {

void Witness::Expect(bool holds, const std::string& promise) {
  if (!holds && complaint_.empty()) complaint_ = "broken promise: " + promise;
}

void Witness::Begins(OperationId op, const Command& command) {
  Expect(open_.emplace(op, command).second, "an operation begins once");
  newest_ = op;
}

void Witness::Answered(OperationId op, const Answer& answer) {
  const auto found = open_.find(op);
  Expect(found != open_.end(), "operation " + std::to_string(op.value) + " is answered exactly once");
  if (found == open_.end()) return;
  const Command command = std::move(found->second);
  open_.erase(found);
  Expect(answer.ok() != std::holds_alternative<std::monostate>(answer.result), "a result, or a refusal");
  if (!answer.ok()) return;

  if (const auto* put = std::get_if<PutResult>(&answer.result)) {
    Put(std::get<sluice::Put>(command), *put);
    if (op == newest_ && !put->duplicate) KeptBound(std::get<sluice::Put>(command));
  }
  if (const auto* got = std::get_if<GetResult>(&answer.result)) Got(std::get<Get>(command), *got);
  if (const auto* done = std::get_if<TaskDoneResult>(&answer.result)) {
    TaskDone(std::get<sluice::TaskDone>(command), *done);
  }
  if (std::holds_alternative<DeleteResult>(answer.result)) {
    const std::string& queue = std::get<DeleteQueue>(command).queue;
    last_.erase(queue);
    puts_.erase(queue);
    task_dones_.erase(queue);
    for (auto& [id, item] : items_) item.finished = item.finished || item.queue == queue;
  }
}

void Witness::Put(const sluice::Put& put, const PutResult& result) {
  if (result.duplicate) {
    Expect(items_.contains(result.first), "a put that is a duplicate was put before");
    return;
  }
  Expect(result.count == put.items.size(), "a put adds all of its items");
  Expect(result.first > last_item_, "ids rise and are never used again");
  for (std::uint64_t i = 0; i < result.count; ++i) items_[ItemId{result.first.value + i}] = {put.queue, {}, false};
  last_item_ = ItemId{result.first.value + result.count - 1};
  puts_[put.queue] += result.count;
}

// A put that is answered at once found the queue as it was last seen.
void Witness::KeptBound(const sluice::Put& put) {
  const auto found = last_.find(put.queue);
  if (found == last_.end()) return;
  const auto& [settings, stats] = std::pair(found->second.settings, found->second.stats);
  std::uint64_t bytes = stats.ready_bytes + (settings.count_leased ? stats.leased_bytes : 0);
  for (const ContentPtr& item : put.items) bytes += item->payload.size();
  const std::uint64_t items = stats.ready + (settings.count_leased ? stats.leased : 0) + put.items.size();
  Expect(settings.maxsize == 0 || items <= static_cast<std::uint64_t>(settings.maxsize),
         put.queue + ": no put is accepted above maxsize");
  Expect(settings.max_bytes == 0 || bytes <= static_cast<std::uint64_t>(settings.max_bytes),
         put.queue + ": no put is accepted above max_bytes");
}

void Witness::Got(const sluice::Get& get, const GetResult& result) {
  Expect(!result.deliveries.empty() && result.deliveries.size() <= get.max_items, "a get gets 1..max_items");
  const auto seen = last_.find(get.queue);
  const Delivery* previous = nullptr;
  for (const Delivery& delivery : result.deliveries) {
    Expect(delivery.fence > last_fence_, "fences rise with every delivery");
    last_fence_ = delivery.fence;
    const auto item = items_.find(delivery.id);
    Expect(item != items_.end(), "what is delivered was put, and its put was answered before");
    if (item == items_.end()) continue;
    Expect(item->second.queue == get.queue, "an item comes out of the queue it was put into");
    Expect(!item->second.finished, "what is done is not delivered again");
    Expect(delivery.attempt >= 1, "a delivery is an attempt");
    item->second.fence = delivery.fence;
    if (previous != nullptr && seen != last_.end()) {
      Expect(InOrder(seen->second.settings.order, *previous->content, previous->id, *delivery.content, delivery.id),
             "a batch is in the order of its queue");
    }
    previous = &delivery;
  }
}

void Witness::TaskDone(const sluice::TaskDone& done, const TaskDoneResult& result) {
  std::set<Fence> held(done.fences.begin(), done.fences.end());
  for (Fence fence : result.lost) {
    // Held the first time, lost the second time within one call.
    if (std::count(done.fences.begin(), done.fences.end(), fence) ==
        std::count(result.lost.begin(), result.lost.end(), fence)) {
      held.erase(fence);
    }
  }
  for (Fence fence : held) {
    const auto item = std::find_if(items_.begin(), items_.end(), [&](const auto& known) {
      return known.second.fence == fence && known.second.queue == done.queue && !known.second.finished;
    });
    Expect(item != items_.end(), "task_done finishes only the newest lease of an unfinished item");
    if (item != items_.end()) item->second.finished = true;
    ++task_dones_[done.queue];
  }
}

void Witness::Sees(const QueueDescription& queue, const std::vector<PeekedItem>& peeked) {
  const QueueStats& stats = queue.stats;
  const std::string& name = queue.queue;
  Expect(stats.unfinished == stats.ready + stats.leased, name + ": unfinished = ready + leased");
  Expect(stats.put == stats.unfinished + stats.done + stats.dead + stats.expired + stats.discarded,
         name + ": every item that was put is unfinished, done, dead or discarded");
  Expect(stats.put == puts_[name], name + ": put counts the items of answered puts");
  Expect(stats.done >= task_dones_[name], name + ": done counts every task_done");
  Expect(peeked.size() == stats.ready, name + ": peek shows what is ready");
  for (std::size_t i = 0; i < peeked.size(); ++i) {
    const auto item = items_.find(peeked[i].id);
    Expect(item != items_.end() && !item->second.finished && item->second.queue == name,
           name + ": what is ready was put here and is not done");
    Expect(i == 0 || InOrder(queue.settings.order, *peeked[i - 1].content, peeked[i - 1].id, *peeked[i].content,
                             peeked[i].id),
           name + ": items stand in order");
  }
  last_.insert_or_assign(name, queue);
}

void Witness::StepEnds(std::size_t waiting) {
  Expect(waiting == open_.size(), "an operation is answered or waits: " + std::to_string(open_.size()) + " are open, " +
                                      std::to_string(waiting) + " wait");
  newest_ = {};
}

bool Witness::InOrder(Order order, const Content& first, ItemId first_id, const Content& second, ItemId second_id) {
  if (order == Order::kPriority && first.priority != second.priority) return first.priority < second.priority;
  return order == Order::kLifo ? first_id > second_id : first_id < second_id;
}

}  // namespace sluice::sim
