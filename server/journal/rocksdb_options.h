// What can be set of a journal on RocksDB. The defaults are what was measured best for a server; tests take small ones.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace rocksdb {
class FileSystem;
}  // namespace rocksdb

namespace sluice::journal {

struct RocksDbOptions {
  std::size_t memtable_bytes = std::size_t{32} << 20;  // newest batches, in memory and in one log file
  std::size_t max_batch_bytes = std::size_t{1} << 30;  // larger ones are TooLarge; a purge of 10^8 items is not
  // Batches are refused as Full when less than this is free on the disk: before RocksDB runs into it, and with room
  // for it to write out a memtable. Those with `reserve` are taken down to the lower bound.
  std::uint64_t min_free_bytes = std::uint64_t{96} << 20;
  std::uint64_t min_free_reserve_bytes = std::uint64_t{8} << 20;
  // A file that only takes space. It is removed when others have filled the disk, so that queues can still be emptied.
  std::uint64_t reserve_bytes = std::uint64_t{32} << 20;
  // Trimmed batches take space until RocksDB writes their files anew. When they take this much, or a sixteenth of it
  // while less than twice min_free_bytes are free, that is done at once; looked at no more often than the interval.
  std::uint64_t reclaim_bytes = std::uint64_t{64} << 20;
  std::chrono::milliseconds reclaim_interval{1000};
  // After a failure the directory is opened anew, at once and then as often as this.
  std::chrono::milliseconds retry_interval{1000};
  // All access to files goes through it; null = the operating system's. Tests make it fail.
  std::shared_ptr<rocksdb::FileSystem> file_system{};
};

}  // namespace sluice::journal
