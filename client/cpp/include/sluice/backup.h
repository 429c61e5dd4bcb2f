// A copy of a server's durable queues, taken while it works.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>

namespace sluice {

struct Backup {
  std::string directory;    // on the server's machine: start another server on a copy of it
  std::uint64_t bytes = 0;  // of its files
};

struct BackupOptions {
  std::chrono::milliseconds connect_timeout{10'000};  // then Unavailable
  std::stop_token stop{};                             // nobody waits any more; the server may still finish it
};

// The server makes the directory `name` (A-Z a-z 0-9 . _ -, no leading dot) below its --backup-dir, and answers when it
// is complete and on stable storage. Everything that was acknowledged before the call is in it. Not idempotent: a
// name that is taken is InvalidArgument, as is a server without --backup-dir. Unavailable: it could not be written, or
// it is not known. Cancelled: `stop`. Needs no Client: `address` is as a client's. Blocks: until then.
//
// Thread safety: may be called from any thread.
Backup take_backup(const std::string& address, const std::string& name, const BackupOptions& options = {});

}  // namespace sluice
