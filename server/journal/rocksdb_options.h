// What can be set of a journal on RocksDB. The defaults are what was measured best for a server; tests take small ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace rocksdb {
class FileSystem;
}  // namespace rocksdb

namespace sluice::journal {

struct RocksDbOptions {
  std::size_t memtable_bytes = std::size_t{32} << 20;   // newest batches, in memory and in one log file
  std::size_t max_batch_bytes = std::size_t{64} << 20;  // larger ones are TooLarge
  std::size_t max_group_bytes = std::size_t{8} << 20;   // batches that are written at once; one is always
  int max_open_files = 256;
  // All access to files goes through it; null = the operating system's. Tests make it fail.
  std::shared_ptr<rocksdb::FileSystem> file_system{};
};

}  // namespace sluice::journal
