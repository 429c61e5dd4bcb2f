// What was trimmed and still takes space: a trim says what is not needed any more, and files go when RocksDB writes
// what else is in them anew. It does that when enough is written; this does it at once.
#pragma once

#include <rocksdb/db.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "server/journal/batch_format.h"

namespace sluice::journal {

// Thread safety: one thread at a time; others may use the database.
class Garbage {
 public:
  // All that is trimmed of `spaces`. Borrows: `db`, until destroyed.
  Garbage(rocksdb::DB* db, const std::vector<StoredSpace>& spaces);

  // About, in files and in memory.
  std::uint64_t bytes() const;
  // Removes the files that hold nothing else, but the newest; takes no space. Requires: the trims are synced, or a
  // power loss would bring back a namespace without its batches.
  rocksdb::Status DropFiles();
  // What stands beside it in files, at most, about: what Compact writes anew before files go.
  std::uint64_t BytesBeside() const;
  // Writes the files that hold some of it anew, without it. Ends early when `is_canceled` is set.
  rocksdb::Status Compact(std::atomic<bool>* is_canceled);

 private:
  struct KeyRange {
    std::string begin, end;
  };

  rocksdb::DB* const db_;
  std::vector<KeyRange> ranges_{};
};

}  // namespace sluice::journal
