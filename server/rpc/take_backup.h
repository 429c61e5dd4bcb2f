// What a backup call asks of the server around it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <sluice/error.h>

namespace sluice::rpc {

struct BackupResult {
  Reason reason = Reason::kOk;
  std::string message;  // when it is not Ok
  std::string directory;
  std::uint64_t bytes = 0;
};

// Calls the function it is given once, from any thread, maybe before it returns; does not block.
using TakeBackup = std::function<void(const std::string& name, std::function<void(BackupResult&&)> done)>;

}  // namespace sluice::rpc
