// A stream between a client and a server over a simulated network: what is sent arrives once, whole and in order, some
// time later; or, when the stream is cut, never.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <sluice/error.h>

#include "tests/sim/agenda.h"
#include "tests/sim/dice.h"

namespace sluice::sim {

// Thread safety: none. Borrows: the agenda and the dice, for life.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  enum Side { kClient, kServer };
  struct End {
    std::function<void(const std::string&)> receive;
    std::function<void(Reason)> closed;  // once, and nothing is received after it
  };

  Connection(Agenda& agenda, Dice& dice) : agenda_(agenda), dice_(dice) {}

  void Attach(Side side, End end) { ends_[side] = std::move(end); }
  // Of the server that it leads to: number of its life. What is told on it was true in that life.
  std::uint64_t life = 0;

  void Send(Side from, std::string bytes);
  // Behind what was sent: the other side hears `why`. Nothing more is heard by this one.
  void Close(Side from, Reason why);
  // What is on its way is lost. Each side hears of it by itself, after so long, unless it has let go by then.
  void Cut(Duration client_notices, Duration server_notices);
  // This side hears nothing more.
  void LetGo(Side side) { ends_[side] = {}; }

 private:
  // When something that is sent now arrives.
  TimePoint Arrival(Side to);
  void Told(Side side, Reason why);

  Agenda& agenda_;
  Dice& dice_;
  End ends_[2];
  TimePoint last_[2]{};  // arrival
  bool cut_ = false;
};

}  // namespace sluice::sim
