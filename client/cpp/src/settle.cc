// Leases that are settled by their fences, many with one message.
#include <algorithm>
#include <stdexcept>
#include <unordered_set>
#include <utility>

#include <sluice/error.h>
#include <sluice/queue.h>

#include "client/cpp/src/lease.h"
#include "client/cpp/src/link.h"
#include "client/cpp/src/validate.h"
#include "common/limits.h"

namespace sluice::detail {
namespace {

std::vector<Fence> Fences(std::span<const std::uint64_t> numbers) {
  CheckFences(numbers);
  std::vector<Fence> fences;
  fences.reserve(numbers.size());
  for (const std::uint64_t number : numbers) fences.push_back({number});
  return fences;
}

// Settles batch by batch; returns those that were not held. `make` makes the command.
template <typename Result, typename Make>
std::vector<std::uint64_t> SettleAll(Link& link, const std::string& space, std::span<const std::uint64_t> fences,
                                     const Make& make) {
  std::vector<std::uint64_t> lost;
  while (!fences.empty()) {
    const auto batch = fences.first(std::min(fences.size(), limits::kBatchItems));
    fences = fences.subspan(batch.size());
    try {
      for (const Fence fence : CallFor<Result>(link, space, make(Fences(batch))).lost) lost.push_back(fence.value);
    } catch (const LeaseLost&) {  // none of them was held
      lost.insert(lost.end(), batch.begin(), batch.end());
    }
  }
  return lost;
}

std::string ErrorText(std::string_view error) { return std::string(error.substr(0, limits::kErrorTextBytes)); }

// Those that are still to be settled, the lost ones marked. Throws before anything is settled.
std::vector<Lease::State*> Unsettled(const std::vector<Lease*>& leases, const Link* link, const std::string& space,
                                     const std::string& queue) {
  for (const Lease* lease : leases) {
    const Lease::State* state = lease->state();
    if (state == nullptr) throw std::logic_error("done_many: a task was moved away");
    if (state->from->link.get() != link || state->from->space != space || state->from->queue != queue) {
      throw InvalidArgument("done_many on " + space + "/" + queue + ": item " +
                            std::to_string(state->delivery.id.value) + " is of " + state->from->space + "/" +
                            state->from->queue + (state->from->link.get() != link ? " of another client" : ""));
    }
    if (state->decision == Decision::kFailed || state->decision == Decision::kReleased) {
      throw std::logic_error("done_many: the task of item " + std::to_string(state->delivery.id.value) +
                             " was decided before");
    }
  }
  std::vector<Lease::State*> unsettled;
  unsettled.reserve(leases.size());
  for (const Lease* lease : leases) {
    Lease::State* state = lease->state();
    if (state->Held()) {
      unsettled.push_back(state);
    } else if (state->decision == Decision::kNone) {
      state->decision = Decision::kLost;
    }
  }
  return unsettled;
}

TaskDone DoneOf(std::span<Lease::State* const> batch) {
  TaskDone done{batch.front()->from->queue, {}};
  done.fences.reserve(batch.size());
  for (const Lease::State* state : batch) done.fences.push_back(state->delivery.fence);
  return done;
}

// One message; marks each lease with how it ended.
void SettleBatch(Link& link, std::span<Lease::State* const> batch) {
  try {
    const Called called = Call(link, batch.front()->from->space, DoneOf(batch), {}, batch.front()->from->epoch);
    for (Lease::State* state : batch) state->decision = Decision::kDone;
    const auto& lost = std::get<TaskDoneResult>(called.answer.result).lost;
    if (lost.empty()) return;
    const std::unordered_set<Fence> fences(lost.begin(), lost.end());
    for (Lease::State* state : batch) {
      if (fences.contains(state->delivery.fence)) state->decision = Decision::kLost;
    }
  } catch (const LeaseLost&) {  // all of them
    for (Lease::State* state : batch) state->decision = Decision::kLost;
  }
}

void SettleBatchLater(Link& link, std::span<Lease::State* const> batch) {
  Decision decision = Decision::kDone;
  try {
    link.SubmitLater(batch.front()->from->space, DoneOf(batch), nullptr, batch.front()->from->epoch, false);
  } catch (const LeaseLost&) {
    decision = Decision::kLost;
  }
  for (Lease::State* state : batch) state->decision = decision;
}

// `settle` settles a batch of those that are still to be settled. Throws when any is lost.
template <typename Settle>
void SettleLeases(const std::vector<Lease*>& leases, const std::vector<Lease::State*>& unsettled,
                  const Settle& settle) {
  for (auto rest = std::span(unsettled); !rest.empty();) {
    const std::size_t count = std::min(rest.size(), limits::kBatchItems);
    settle(rest.first(count));
    rest = rest.subspan(count);
  }
  const auto lost = std::count_if(leases.begin(), leases.end(),
                                  [](const Lease* lease) { return lease->decision() == Decision::kLost; });
  if (lost == 0) return;
  throw LeaseLost(std::to_string(lost) + " of " + std::to_string(leases.size()) +
                  " leases are lost: their items are delivered again, or somebody else finished them");
}

}  // namespace

void QueueHandle::task_done(std::uint64_t fence) const { Call(*link_, space_, TaskDone{queue_, Fences({&fence, 1})}); }

void QueueHandle::fail(std::uint64_t fence, std::string_view error) const {
  Call(*link_, space_, Fail{queue_, Fences({&fence, 1}), ErrorText(error)});
}

void QueueHandle::release(std::uint64_t fence) const {
  Call(*link_, space_, sluice::Release{queue_, Fences({&fence, 1})});
}

std::vector<std::uint64_t> QueueHandle::task_done(const std::vector<std::uint64_t>& fences) const {
  return SettleAll<TaskDoneResult>(*link_, space_, fences, [&](std::vector<Fence> batch) {
    return TaskDone{queue_, std::move(batch)};
  });
}

std::vector<std::uint64_t> QueueHandle::fail(const std::vector<std::uint64_t>& fences, std::string_view error) const {
  return SettleAll<FailResult>(*link_, space_, fences, [&](std::vector<Fence> batch) {
    return Fail{queue_, std::move(batch), ErrorText(error)};
  });
}

std::vector<std::uint64_t> QueueHandle::release(const std::vector<std::uint64_t>& fences) const {
  return SettleAll<ReleaseResult>(*link_, space_, fences, [&](std::vector<Fence> batch) {
    return sluice::Release{queue_, std::move(batch)};
  });
}

std::chrono::milliseconds QueueHandle::extend(std::uint64_t fence, std::chrono::milliseconds lease) const {
  CheckLease(lease);
  return CallFor<ExtendResult>(*link_, space_, Extend{queue_, Fences({&fence, 1}), lease}).lease;
}

void QueueHandle::done_many(const std::vector<Lease*>& leases) const {
  SettleLeases(leases, Unsettled(leases, link_.get(), space_, queue_), [&](auto batch) { SettleBatch(*link_, batch); });
}

void QueueHandle::done_many_nowait(const std::vector<Lease*>& leases) const {
  CheckUsable(*link_);
  SettleLeases(leases, Unsettled(leases, link_.get(), space_, queue_),
               [&](auto batch) { SettleBatchLater(*link_, batch); });
}

}  // namespace sluice::detail
