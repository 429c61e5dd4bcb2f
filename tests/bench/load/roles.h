// What a process of the load does. Each prints "ready" when it is connected, begins when a line comes on standard
// input, and throws what the system throws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/bench/load/board.h"
#include "tests/bench/load/system.h"

namespace sluice::load {

struct Load {
  std::size_t threads = 1;
  std::size_t lane = 0;  // of the first thread that puts
  std::size_t batch = 1;
  std::size_t item_bytes = 100;
  std::uint64_t count = 0;  // items of a burst
  bool latency = false;     // Produce: note how long each put takes
};

// Each thread puts batches, as long as the run lasts and its limit leaves room.
void Produce(System& system, Board& board, const Load& load);
// Each thread gets batches and settles them, until all that was put is finished.
void Consume(System& system, Board& board, const Load& load);
// Each thread puts a batch, gets one and settles it, in turns.
void Cycle(System& system, Board& board, const Load& load);
// Each thread waits for one item, and settles it.
void Park(System& system, Board& board, const Load& load);
// Puts `count` items as fast as it can, in batches.
void Burst(System& system, Board& board, const Load& load);

}  // namespace sluice::load
