// Watches the core from outside and knows no rules of queues but the ones that a user would check with a notebook:
// nothing is answered twice, nothing is delivered that was not put, fences rise, items come in order, counts add up.
//
// It trusts neither the core nor the model. Thread safety: none.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/answer.h"
#include "common/command.h"
#include "common/ids.h"

namespace sluice::sim {

class Witness {
 public:
  // An operation begins: it must be answered once from now on.
  void Begins(OperationId op, const Command& command);
  // In the order of the core's effects.
  void Answered(OperationId op, const Answer& answer);
  // Call after every step, for every queue. `peeked`: all of its ready items.
  void Sees(const QueueDescription& queue, const std::vector<PeekedItem>& peeked);
  // Call after every step. `waiting`: how many operations the core says are waiting.
  void StepEnds(std::size_t waiting);

  // What was wrong first; empty: nothing.
  const std::string& complaint() const { return complaint_; }

 private:
  struct Known {
    std::string queue;
    Fence fence;  // of the last delivery
    bool finished = false;
  };

  void Put(const sluice::Put& put, const PutResult& result);
  void KeptBound(const sluice::Put& put);
  void Got(const sluice::Get& get, const GetResult& result);
  void TaskDone(const sluice::TaskDone& done, const TaskDoneResult& result);
  void Expect(bool holds, const std::string& promise);
  static bool InOrder(Order order, const Content& first, ItemId first_id, const Content& second, ItemId second_id);

  std::unordered_map<OperationId, Command> open_;
  std::unordered_map<ItemId, Known> items_;
  std::map<std::string, QueueDescription> last_;     // as last seen
  std::map<std::string, std::uint64_t> puts_;        // items accepted since the queue was created
  std::map<std::string, std::uint64_t> task_dones_;  // items finished by task_done since then
  OperationId newest_;
  ItemId last_item_;
  Fence last_fence_;
  std::string complaint_;
};

}  // namespace sluice::sim
