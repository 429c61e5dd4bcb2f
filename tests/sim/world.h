// A random life of a whole system: clients, a network, a server and its disk, in one thread and in virtual time. A run
// is its seed: the same one twice is the same run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/agenda.h"
#include "tests/sim/dice.h"
#include "tests/sim/ledger.h"
#include "tests/sim/sim_client.h"
#include "tests/sim/sim_server.h"
#include "tests/sim/trace.h"

namespace sluice::sim {

// Thread safety: none.
class World {
 public:
  // `keeps_trace`: it costs memory.
  explicit World(std::uint64_t seed, bool keeps_trace = false);

  // Lets it live, with faults, and then drain without. The first promise that was broken; empty: none.
  const std::string& Run();

  const Trace& trace() const { return trace_; }
  const Ledger& ledger() const { return ledger_; }
  std::uint64_t lives() const { return server_.life(); }

 private:
  enum Fault { kKill, kPowerLoss, kStop, kCut, kClientDies, kAppendFails, kFull, kSlowDisk, kFaults };

  static broker::BrokerOptions DrawOptions(Dice& dice);
  void DrawQueues();
  void CreateQueues();
  void AddClient();
  void Live();
  void Drain();
  bool IsDrained();
  void Finish();
  void Fail(Fault fault);
  void FailAppend();
  void CutOne();
  void EndOne();
  void Down(SimServer::End how);
  void Start();
  // Until `time`, or a promise is broken, or `done`.
  template <typename Done>
  bool RunUntil(TimePoint time, Done done);
  QueueStats StatsOf(const SimQueue& queue);

  Agenda agenda_;
  Dice dice_;
  Trace trace_;
  Ledger ledger_;
  std::vector<SimQueue> queues_;
  SimServer server_;
  Surroundings surroundings_;
  std::size_t weights_[kFaults]{};
  Duration between_faults_{};
  std::vector<std::shared_ptr<SimClient>> clients_;
  std::uint64_t last_client_ = 0;
};

}  // namespace sluice::sim
