// The server of the floor: joins a producer to a consumer and carries their bytes, in one thread.
#pragma once

namespace sluice::load {

// The first byte of a connection.
inline constexpr char kProducerSide = 'P';
inline constexpr char kConsumerSide = 'C';

// Listens on a free loopback port, prints it, and serves until the process is killed. Throws std::runtime_error.
[[noreturn]] void RunRelay();

}  // namespace sluice::load
