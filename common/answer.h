// The one answer to a command: the result of its kind, or a refusal, as data.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <sluice/error.h>
#include <sluice/types.h>

#include "common/ids.h"
#include "common/item.h"

namespace sluice {

// `durability`: the level that was reached.

struct PutResult {
  ItemId first;  // the items got ids first .. first + count - 1
  std::uint32_t count = 0;
  Durability durability = Durability::kMemory;
  bool duplicate = false;  // this put had been made before: the answer is the first one's
};
struct GetResult {
  std::vector<Delivery> deliveries;
  std::chrono::milliseconds lease{0};
  bool auto_ack = false;  // whoever sends this must tell the broker when it has arrived, see Broker::Delivered
};
// `lost`: those of the fences that were not held (any more).
struct TaskDoneResult {
  std::vector<Fence> lost;
  Durability durability = Durability::kMemory;
};
struct FailResult {
  std::vector<Fence> lost;
  std::uint32_t retried = 0;
  std::uint32_t dead = 0;
  Durability durability = Durability::kMemory;
};
struct ReleaseResult {
  std::vector<Fence> lost;
  Durability durability = Durability::kMemory;
};
struct ExtendResult {
  std::vector<Fence> lost;
  std::chrono::milliseconds lease{0};
  Durability durability = Durability::kMemory;
};
struct JoinResult {
  std::vector<QueueCounts> queues;
};
struct ShutdownResult {
  std::uint64_t discarded = 0;
  Durability durability = Durability::kMemory;
};
struct ReopenResult {
  Durability durability = Durability::kMemory;
};
struct StatsResult {
  QueueStats stats;
};
struct PeekResult {
  std::vector<PeekedItem> items;
};
struct CreateResult {
  bool created = false;
  Durability durability = Durability::kMemory;
};
struct UpdateResult {
  QueueSettings settings;
  Durability durability = Durability::kMemory;
};
struct ListResult {
  std::vector<QueueDescription> queues;
  bool more = false;
};
struct DescribeResult {
  QueueDescription queue;
};
struct DeleteResult {
  std::uint64_t discarded = 0;
  Durability durability = Durability::kMemory;
};
struct PurgeResult {
  std::uint64_t discarded = 0;
  Durability durability = Durability::kMemory;
};

struct Answer {
  Reason reason = Reason::kOk;
  std::string message;  // when refused: what happened and what to do
  std::variant<std::monostate, PutResult, GetResult, TaskDoneResult, FailResult, ReleaseResult, ExtendResult,
               JoinResult, ShutdownResult, ReopenResult, StatsResult, PeekResult, CreateResult, UpdateResult,
               DeleteResult, ListResult, DescribeResult, PurgeResult>
      result;  // monostate when refused
  // What it depends on: nobody hears of it before the namespace's journal has this position. 0: nothing.
  std::uint64_t after = 0;

  bool ok() const { return reason == Reason::kOk; }

  static Answer Refused(Reason reason, std::string message) { return {reason, std::move(message), {}}; }
  template <typename Result>
  static Answer Ok(Result result, std::uint64_t after = 0) {
    return {Reason::kOk, {}, std::move(result), after};
  }
};

}  // namespace sluice
