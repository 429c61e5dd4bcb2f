// What some calls ask of the server around them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include <sluice/error.h>

#include "server/broker/broker.h"

namespace sluice::rpc {

struct BackupResult {
  Reason reason = Reason::kOk;
  std::string message;  // when it is not Ok
  std::string directory;
  std::uint64_t bytes = 0;
};

struct ServerStatus {
  bool serving = true;  // what health checks are told
  std::chrono::milliseconds uptime{};
  broker::BrokerStatus broker{};
  std::uint64_t free_bytes = UINT64_MAX;  // on the disk of the storage; UINT64_MAX when nobody knows
};

// Thread safety: both may be called from any thread, and do not block.
struct ServerHooks {
  // Calls `done` once, from any thread, maybe before it returns.
  std::function<void(const std::string& name, std::function<void(BackupResult&&)> done)> take_backup;
  std::function<ServerStatus()> describe;
};

}  // namespace sluice::rpc
