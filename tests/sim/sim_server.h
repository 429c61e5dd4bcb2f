// A server in the simulated world: a broker, the streams of its sessions, and its disk. It is killed, loses its power,
// is stopped and started again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/broker/broker.h"
#include "tests/sim/agenda.h"
#include "tests/sim/connection.h"
#include "tests/sim/dice.h"
#include "tests/sim/trace.h"
#include "tests/support/memory_journal.h"

namespace sluice::sim {

// Thread safety: none. Borrows: the agenda, the dice and the trace, for life.
class SimServer {
 public:
  enum class End {
    kKill,       // of the process: what was written stays
    kPowerLoss,  // of what was not synced, only the first part stays
    kStop,       // as an operator does it
  };

  SimServer(Agenda& agenda, Dice& dice, Trace& trace, broker::BrokerOptions options);
  ~SimServer();
  SimServer(const SimServer&) = delete;
  SimServer& operator=(const SimServer&) = delete;

  // False: `problem` says why it does not start.
  bool Start(std::string* problem);
  // Requires: it is up.
  void Down(End how);
  bool up() const { return broker_ != nullptr; }
  std::uint64_t life() const { return life_; }
  // A namespace is served no more: somebody is to start the server again.
  bool in_trouble() const { return in_trouble_; }
  // A client has connected. Requires: it is up.
  void Accept(const std::shared_ptr<Connection>& connection);

  // ---- the disk ----
  // The next append ends so.
  void FailNext(journal::Fault fault) { journal_->Script(0, fault); }
  void SetFull(bool is_full) { journal_->SetFull(is_full); }
  // Up to so long an append takes now.
  void SetCommitTime(Duration most) { commit_time_ = most; }
  // After everything that happened: sees to it that the disk does what it was told.
  void Settle();

  // The caller hears at once, or from Settle.
  void Submit(const std::string& space, Command command, broker::Completion completion);

 private:
  class Stream;

  void Commit();
  void RunBlocking(std::function<void()> task);
  void RunTimers();

  Agenda& agenda_;
  Dice& dice_;
  Trace& trace_;
  const broker::BrokerOptions options_;
  std::unique_ptr<journal::MemoryJournal> journal_ = std::make_unique<journal::MemoryJournal>();
  std::unique_ptr<broker::Broker> broker_;
  std::vector<std::shared_ptr<Stream>> streams_;
  std::uint64_t life_ = 0;
  std::uint64_t timer_ = 0;  // the one that counts
  Duration commit_time_{500};
  bool committing_ = false;
  bool ending_ = false;  // what is to block does not any more
  bool in_trouble_ = false;
  std::vector<std::shared_ptr<std::function<void()>>> tasks_;  // that may block, and were not run yet
};

}  // namespace sluice::sim
