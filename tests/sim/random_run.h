// A random life of a namespace. A run is its seed; a step is a number too, and what it does depends on nothing but
// that number and the state it meets, so that steps can be left out of a failing run to find the few that matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/dice.h"
#include "tests/sim/lockstep.h"

namespace sluice::sim {

// Thread safety: none.
class RandomRun {
 public:
  // Draws the world: memory, queues, sessions, and how often each kind of step is taken.
  explicit RandomRun(std::uint64_t seed);

  void Step(std::uint64_t step);
  void TellSteps() { both_.TellSteps(); }
  const Lockstep& both() const { return both_; }

 private:
  enum Kind {
    kPut,
    kGet,
    kTaskDone,
    kFail,
    kRelease,
    kExtend,
    kJoin,
    kShutdown,
    kReopen,
    kPeek,
    kCreate,
    kUpdate,
    kDelete,
    kList,
    kPurge,
    kAdvance,
    kPass,
    kCancel,
    kCancelAll,
    kSuspend,
    kResume,
    kEnd,
    kDelivered,
    kUndelivered,
    kMemory,
    kRestart,
    kKinds
  };
  struct World {
    explicit World(Dice dice);
    Lockstep::World of;
    std::size_t names;
    std::size_t sessions;
    std::size_t weights[kKinds];
  };

  void Do(Kind kind, Dice& dice);
  void Restart();
  void Act(Kind kind, Dice& dice);
  Command Draw(Kind kind, Dice& dice) const;
  Put DrawPut(Dice& dice) const;
  Get DrawGet(Dice& dice) const;
  Join DrawJoin(Dice& dice) const;
  UpdateQueue DrawUpdate(Dice& dice) const;
  QueueSettings DrawSettings(Dice& dice) const;
  std::optional<QueueSettings> DrawCreate(Dice& dice) const;
  std::string DrawQueue(Dice& dice) const;
  std::vector<Fence> DrawFences(const std::string& queue, Dice& dice) const;
  std::size_t DrawSession(Dice& dice) const { return dice.Below(sessions_.size()); }
  Duration DrawTime(Dice& dice) const;

  struct Client {
    SessionId session;
    bool suspended = false;
  };

  const World world_;
  Lockstep both_;
  std::vector<Client> sessions_;
  std::uint64_t last_session_ = 0;
};

}  // namespace sluice::sim
