// How a server is, and its storage: for people, and for what watches it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

namespace sluice {

enum class StorageState : std::uint8_t {
  kOk,
  kFull,     // puts are refused; what frees space goes on
  kFailing,  // it is tried again until that works
  kDamaged,  // all of it, or a namespace, until the server is started again
};

struct StorageStatus {
  StorageState state = StorageState::kOk;
  std::string trouble;                      // what is wrong and what to do; empty when kOk
  std::optional<std::uint64_t> free_bytes;  // on its disk, less than a second ago
  // Since the server was started; they only grow.
  std::uint64_t batches = 0;   // written
  std::uint64_t bytes = 0;     // in them
  std::uint64_t syncs = 0;     // each of which may cover many batches
  std::uint64_t refused = 0;   // attempts to write a batch that did not succeed
  std::uint64_t failures = 0;  // of the disk: writes, syncs and attempts to open it anew
};

struct ServerStatus {
  std::string version;
  std::chrono::milliseconds uptime{};
  bool serving = true;           // what health checks are told
  std::uint64_t namespaces = 0;  // those without queues, too
  std::uint64_t queues = 0;
  std::uint64_t sessions = 0;
  std::uint64_t waiting_calls = 0;  // puts, gets and joins
  std::uint64_t memory_bytes = 0;   // for items
  std::uint64_t memory_limit_bytes = 0;
  std::optional<StorageStatus> storage;  // none: queues live in memory
};

struct ServerStatusOptions {
  std::chrono::milliseconds timeout{10'000};  // for all of it; then Unavailable
  std::stop_token stop{};                     // then Cancelled
};

// Idempotent. InvalidArgument: `address` is none. InternalError: the server is older than this call. Needs no Client:
// `address` is as a client's. It is answered at a limit of sessions, and by a server that drains. Blocks: until the
// answer.
//
// Thread safety: may be called from any thread.
ServerStatus get_server_status(const std::string& address, const ServerStatusOptions& options = {});

}  // namespace sluice
