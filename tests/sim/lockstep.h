// The core and the model side by side: every step is done to both, and everything that can be seen must be the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sluice/clock.h>

#include "common/command.h"
#include "common/ids.h"
#include "server/queue/memory_budget.h"
#include "server/queue/namespace.h"
#include "tests/sim/model.h"
#include "tests/sim/witness.h"

namespace sluice::sim {

// Thread safety: none.
class Lockstep {
 public:
  struct World {
    std::size_t max_queues;
    std::size_t memory_bytes;
    bool durable = false;          // queues are in a log, and the server may be restarted
    std::size_t window_bytes = 0;  // of that, in memory at the front of a queue
    std::size_t log_bytes = 0;     // in a log up to this size items stay where they are
  };
  explicit Lockstep(const World& world);

  // ---- steps ----
  void Apply(SessionId session, const Command& command, bool may_wait);
  void Cancel(OperationId op);
  void CancelAll();
  void Advance(Duration by);
  // Time goes on, but nobody calls Advance: what is due stays as it is.
  void Pass(Duration by) { now_ += by; }
  void Suspend(SessionId session);
  void Resume(SessionId session);
  void End(SessionId session);
  void Delivered(const std::vector<Delivery>& deliveries);
  void Undelivered(const std::vector<Delivery>& deliveries);
  // Every call that waits is cancelled, and what is in the log becomes a new core. All sessions are suspended in it.
  void Restart();
  // True when a restarted core knows it.
  bool KnowsSession(SessionId session) const;
  // Other namespaces of the server take so much memory; nothing happens when it is not there.
  void SetMemoryOfOthers(std::size_t bytes);

  // ---- what came of it ----
  // The first disagreement; empty: none.
  const std::string& problem() const { return problem_; }
  // From now on every step is told as text, with its answers: it costs time.
  void TellSteps() { tells_ = true; }
  const std::string& last_step() const { return last_step_; }
  bool restarted() const { return restarted_; }
  const Model& model() const { return model_; }
  TimePoint now() const { return now_; }
  // The answers of gets, newest last.
  const std::vector<std::vector<Delivery>>& deliveries() const { return deliveries_; }

 private:
  // Does `step` to each side and compares. Calls step(side, effects), and text() when steps are told.
  template <typename Text, typename Step>
  void Both(Text text, Step step);
  void Compare();
  void CompareAnswers();
  void CompareRecalls();
  void CompareQueues();
  void CompareTotals();
  void Expect(bool holds, const std::string& difference);

  // What the step said goes into the log, and what it asked for comes from there.
  void WriteLog();
  std::unique_ptr<queue::Namespace> NewCore();
  bool paged() const { return world_.durable && world_.window_bytes < world_.memory_bytes; }

  const World world_;
  queue::MemoryBudget budget_;
  std::unique_ptr<queue::Namespace> core_;
  std::map<std::uint64_t, queue::LogBatch> log_;  // by position
  std::uint64_t position_ = 0;                    // of the last batch
  Model model_;
  Witness witness_;
  TimePoint now_{std::chrono::hours(1)};
  std::size_t memory_of_others_ = 0;
  std::size_t others_paged_ = 0;
  std::uint64_t last_op_ = 0;
  std::size_t used_before_ = 0;
  bool advanced_ = false;
  bool restarted_ = false;
  bool tells_ = false;
  queue::Effects core_effects_;
  queue::Effects model_effects_;
  std::vector<std::vector<Delivery>> deliveries_;
  std::string last_step_;
  std::string problem_;
};

}  // namespace sluice::sim
