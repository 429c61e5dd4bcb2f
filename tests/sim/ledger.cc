#include "tests/sim/ledger.h"

#include <algorithm>
#include <utility>

namespace sluice::sim {
namespace {

std::string Of(const SimQueue& queue, const std::string& text) { return text + " of " + queue.full_name(); }

}  // namespace

std::string Ledger::TextOf(const Delivery& delivery) {
  const std::string_view payload = delivery.content->payload.view();
  return std::string(payload.substr(0, payload.find('|')));
}

void Ledger::LifeEnds(std::uint64_t life, Durability loses) {
  last_end_ = life;
  if (loses == Durability::kFsync) last_power_loss_ = life;
}

// What was said in `life` is still promised.
bool Ledger::Holds(const SimQueue& queue, std::uint64_t life) const {
  switch (queue.settings.durability) {
    case Durability::kFsync: return true;
    case Durability::kAsync: return life > last_power_loss_;
    case Durability::kMemory: return life > last_end_;
  }
  return false;
}

// ---- producers ----

void Ledger::PutBegins(const SimQueue& queue, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) At(queue, text);
}

void Ledger::PutEnds(const SimQueue& queue, const std::vector<std::string>& texts, const Answer& answer,
                     std::uint64_t life) {
  const auto* result = std::get_if<PutResult>(&answer.result);
  if (result != nullptr) {
    Expect(result->count == texts.size(),
           "a put of " + std::to_string(texts.size()) + " items was answered with " + std::to_string(result->count));
    Expect(result->durability == queue.settings.durability, "a put reached another level than its queue's");
  }
  const bool refused = answer.reason == Reason::kFull || answer.reason == Reason::kTooLarge;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Item& item = At(queue, texts[i]);
    if (result != nullptr) {
      CheckId(queue, texts[i], item, ItemId{result->first.value + i}, life);
      item.acked = life;
    } else if (refused) {
      item.refused = life;
      Expect(!item.got || !Holds(queue, item.id_life), Of(queue, texts[i]) + " was delivered, and its put refused");
    }
  }
}

void Ledger::CheckId(const SimQueue& queue, const std::string& text, Item& item, ItemId id, std::uint64_t life) {
  if (item.id && life < item.id_life) return;  // said before what is known
  Expect(!item.id || item.id == id || !Holds(queue, item.id_life), Of(queue, text) + " is there twice");
  item.id = id;
  item.id_life = life;
}

// ---- consumers ----

void Ledger::Got(const SimQueue& queue, const GetResult& result, bool auto_ack, std::uint64_t life) {
  ItemId before;
  for (const Delivery& delivery : result.deliveries) {
    ++deliveries_;
    const std::string text = TextOf(delivery);
    const auto found = items_.find({queue.full_name(), text});
    if (found == items_.end()) return Expect(false, Of(queue, text) + " was never put");
    Item& item = found->second;
    Expect(!item.refused || !Holds(queue, std::min(*item.refused, life)), Of(queue, text) + " was refused and came");
    CheckId(queue, text, item, delivery.id, life);
    CheckFence(queue, text, delivery.fence, life);
    if (queue.settings.order == Order::kFifo) {
      Expect(before < delivery.id, Of(queue, text) + " came behind a later one");
      order_[queue.full_name()].emplace(delivery.fence, delivery.id);
    }
    before = delivery.id;
    item.got = true;
    if (delivery.fence > item.last_fence) {
      item.last_fence = delivery.fence;
      item.last_life = life;
    }
    if (auto_ack) item.done_asked = true;
    CheckDone(queue, text, item);
  }
}

void Ledger::CheckFence(const SimQueue& queue, const std::string& text, Fence fence, std::uint64_t life) {
  const auto given = fences_[queue.space].emplace(fence.value, text);
  Expect(given.second,
         "fence " + std::to_string(fence.value) + " was given to " + given.first->second + " and " + text);
  auto& lives = lives_[queue.space];
  const auto [own, fresh] = lives.emplace(life, Fences{fence, fence});
  own->second = {std::min(own->second.first, fence), std::max(own->second.last, fence)};
  const auto later = std::next(own);
  Expect(own == lives.begin() || std::prev(own)->second.last < fence, "a fence is below one before the restart");
  Expect(later == lives.end() || fence < later->second.first, "a fence is above one after the restart");
}

void Ledger::CheckDone(const SimQueue& queue, const std::string& text, const Item& item) {
  // A delivery that went with the power, and the lease before it came back, is nobody's any more.
  if (!item.done || !Holds(queue, *item.done) || !Holds(queue, item.last_life)) return;
  Expect(item.last_fence <= item.done_fence,
         Of(queue, text) + ": task_done of fence " + std::to_string(item.done_fence.value) +
             " was acknowledged, but it was delivered with fence " + std::to_string(item.last_fence.value));
}

void Ledger::DoneBegins(const SimQueue& queue, const std::string& text) { At(queue, text).done_asked = true; }

void Ledger::DoneEnds(const SimQueue& queue, const std::string& text, Fence fence, std::uint64_t life) {
  Item& item = At(queue, text);
  if (item.done && *item.done > life) return;
  Expect(!item.done || item.done_fence == fence || !Holds(queue, *item.done), Of(queue, text) + " was done twice");
  item.done = life;
  item.done_fence = fence;
  CheckDone(queue, text, item);
}

// ---- joiners ----

Ledger::JoinBegun Ledger::JoinBegins(const std::vector<SimQueue>& queues) const {
  JoinBegun begun;
  for (const SimQueue& queue : queues) {
    const std::string name = queue.full_name();
    for (auto at = items_.lower_bound({name, ""}); at != items_.end() && at->first.first == name; ++at) {
      const Item& item = at->second;
      if (item.done && Holds(queue, *item.done)) ++begun.done[name];
      if (item.acked) begun.put.push_back(at->first);
    }
  }
  return begun;
}

void Ledger::JoinEnds(const std::vector<SimQueue>& queues, const JoinBegun& begun, const JoinResult& result) {
  Expect(result.queues.size() == queues.size(), "a join counts other queues than it was asked for");
  if (result.queues.size() != queues.size()) return;
  for (std::size_t i = 0; i < queues.size(); ++i) {
    const SimQueue& queue = queues[i];
    const std::string name = queue.full_name();
    const QueueCounts& counts = result.queues[i];
    for (const auto& [of, text] : begun.put) {
      if (of != name) continue;
      const Item& item = items_.at({of, text});
      Expect(item.done_asked || !Holds(queue, *item.acked), "a join ended before " + Of(queue, text) + " was done");
    }
    if (!Holds(queue, 1)) continue;
    std::uint64_t most = 0;
    for (auto at = items_.lower_bound({name, ""}); at != items_.end() && at->first.first == name; ++at) {
      if (at->second.done_asked) ++most;
    }
    const auto least = begun.done.find(name);
    Expect(counts.done <= most && (least == begun.done.end() || counts.done >= least->second),
           "a join counted " + std::to_string(counts.done) + " done in " + name + ", at most " + std::to_string(most));
    Expect(counts.dead + counts.expired + counts.discarded == 0, "a join counted what nobody threw away");
  }
}

// ---- the end ----

void Ledger::Ends(const SimQueue& queue, const QueueStats& stats) {
  const std::string name = queue.full_name();
  std::uint64_t got = 0;
  for (auto at = items_.lower_bound({name, ""}); at != items_.end() && at->first.first == name; ++at) {
    const Item& item = at->second;
    if (item.got) ++got;
    const bool promised = item.acked && Holds(queue, *item.acked);
    Expect(!promised || item.done_asked, Of(queue, at->first.second) + " was acknowledged and is lost");
  }
  Expect(stats.unfinished == 0, name + " is not drained");
  if (Holds(queue, 1)) {
    Expect(stats.put == got, name + ": " + std::to_string(stats.put) + " were put, " + std::to_string(got) + " came");
    Expect(stats.done == stats.put,
           name + ": " + std::to_string(stats.put) + " were put, " + std::to_string(stats.done) + " are done");
  }
  if (!calm_ || order_.count(name) == 0) return;
  ItemId before;
  for (const auto& [fence, id] : order_.at(name)) {
    Expect(before < id, name + " gave its items out of order");
    before = id;
  }
}

}  // namespace sluice::sim
