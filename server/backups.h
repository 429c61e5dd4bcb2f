// Copies of the journal, below one directory that the operator has named.
#pragma once

#include <functional>
#include <string>

#include <asio/thread_pool.hpp>

#include "server/journal/journal.h"
#include "server/rpc/server_hooks.h"

namespace sluice::server {

// One at a time, in a thread of its own. Thread safety: all methods may be called from any thread.
class Backups {
 public:
  // `journal` null, `directory` empty: every backup is refused, with the reason. Borrows: `journal`, for life.
  Backups(journal::Journal* journal, std::string directory) : journal_(journal), directory_(std::move(directory)) {}

  // Makes the directory `name`: a valid name, and not taken yet.
  void Take(const std::string& name, std::function<void(rpc::BackupResult&&)> done);

 private:
  rpc::BackupResult Write(const std::string& name);

  journal::Journal* const journal_;
  const std::string directory_;
  asio::thread_pool thread_{1};
};

}  // namespace sluice::server
