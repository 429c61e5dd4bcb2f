// A client in the simulated world: the SDK's half of a session, and a program on it that puts, gets, works and joins at
// random.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/cpp/src/conversation.h"
#include "tests/sim/agenda.h"
#include "tests/sim/connection.h"
#include "tests/sim/dice.h"
#include "tests/sim/ledger.h"
#include "tests/sim/trace.h"

namespace sluice::sim {

// What all clients share. Borrows.
struct Surroundings {
  Agenda& agenda;
  Dice& dice;
  Trace& trace;
  Ledger& ledger;
  const std::vector<SimQueue>& queues;
  bool calm = false;                                               // nothing goes wrong by itself
  std::function<bool(const std::shared_ptr<Connection>&)> dial{};  // false: nobody is there
};

// Thread safety: none. Always owned by a shared_ptr.
class SimClient : public std::enable_shared_from_this<SimClient> {
 public:
  SimClient(const Surroundings& world, std::uint64_t number);

  void Begin();
  // The connection breaks, unless there is none.
  void Cut(Duration client_notices, Duration server_notices);
  // The process ends. `politely`: it says goodbye. It does nothing more.
  void End(bool politely);
  // From now on nothing new is put, and everything that is there is got.
  void Drain() { draining_ = true; }
  // True when only gets are unanswered.
  bool Rests() const;
  // From now on nothing is asked for, and what waits is cancelled.
  void Stop();
  std::size_t unanswered() const { return calls_.size(); }
  std::string Describe() const;

 private:
  enum class State : std::uint8_t { kNone, kGreeting, kOpen };
  struct Call {
    std::string what;
    detail::RemoteOperationPtr operation;
    bool is_get = false;
  };
  using Heard = std::function<void(const Answer&, detail::Epoch)>;

  // ---- the session, as the SDK's thread keeps it ----
  void Tick();
  void Connect();
  void OnMessage(const std::string& bytes);
  void EndStream();
  void OnClosed(Reason why);
  void WriteSoon();
  void Write();
  template <typename Step>
  void Run(Step step);
  void Send(const detail::Conversation::Message& message);

  // ---- the program ----
  void Act();
  void BeginPut();
  void BeginGet();
  void BeginJoin();
  void CancelOne();
  void Settle(const SimQueue& queue, std::vector<Delivery> deliveries, detail::Epoch epoch);
  void BeginDone(const SimQueue& queue, std::vector<Delivery> deliveries, detail::Epoch epoch);
  void Submit(const std::string& what, const SimQueue& queue, Command command, detail::Epoch held_in, Heard heard);
  const SimQueue& DrawQueue() { return world_.queues[world_.dice.Below(world_.queues.size())]; }
  void Tell(const std::string& what) { world_.trace.Add(world_.agenda.Now(), name_ + " " + what); }
  void Later(Duration delay, void (SimClient::*what)());

  const Surroundings& world_;
  const std::string name_;
  detail::Conversation conversation_;
  std::shared_ptr<Connection> connection_;
  State state_ = State::kNone;
  TimePoint retry_at_{};
  TimePoint received_at_{};
  TimePoint heartbeat_at_{};
  bool writes_ = false;
  bool draining_ = false;
  bool stopped_ = false;
  bool ended_ = false;
  std::uint64_t last_text_ = 0;
  std::uint64_t last_call_ = 0;
  std::size_t puts_ = 0, gets_ = 0, joins_ = 0;  // unanswered
  std::size_t working_ = 0;                      // deliveries
  std::map<std::uint64_t, Call> calls_;          // unanswered
};

}  // namespace sluice::sim
