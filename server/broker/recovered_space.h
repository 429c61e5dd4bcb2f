// What recovery says of a namespace, while it goes on and when it is done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice::broker {

struct RecoveredSpace {
  std::string space;
  std::uint64_t batches = 0, of_batches = 0;  // read so far, and there are
  std::size_t queues = 0, items = 0, sessions = 0;
  bool done = false;  // else only batches and items are known, those so far
};

}  // namespace sluice::broker
