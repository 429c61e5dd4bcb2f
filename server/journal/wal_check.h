// Judges RocksDB's logs before RocksDB reads them. After a power loss the end of a log may be torn: what was never
// synced was never acknowledged as durable, and is cut off. A damage in front of something that was synced is another
// matter: then acknowledged batches are lost, and nobody may go on as if they had not been there.
//
// The marks in the logs tell the one from the other: each record says up to where all was synced when it was written.
#pragma once

#include <rocksdb/env.h>

#include <cstdint>
#include <string>
#include <vector>

#include "server/journal/journal.h"

namespace sluice::journal {

// Thread safety: as int.
class WalCheck {
 public:
  // Borrows: `env`, until destroyed.
  WalCheck(rocksdb::Env* env, std::string directory) : env_(env), directory_(std::move(directory)) {}

  // Looks at all logs, and changes nothing. False: `failure` names the file and the offset.
  bool Run(Health* failure);
  // Cuts off what Run found to be torn, so that RocksDB finds sound logs. Requires: Run returned true.
  bool Cut(Health* failure);

 private:
  struct Log {
    std::uint64_t number = 0;
    std::uint64_t size = 0;
    std::uint64_t sound = 0;  // up to this offset
    std::string path;
  };

  bool List(Health* failure);
  bool Check(Log* log, Health* failure);
  bool Refuse(const Log& log, std::uint64_t found, Health* failure);

  rocksdb::Env* const env_;
  const std::string directory_;
  std::vector<Log> logs_;
  std::uint64_t next_ = 0;  // the sequence that comes next; 0 = not known yet
  // The first place where something is missing.
  bool is_broken_ = false;
  std::string broken_at_;
};

}  // namespace sluice::journal
