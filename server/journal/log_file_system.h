// Makes RocksDB's logs quicker to sync: a log is filled with zeros ahead of what is written, so that a sync has only
// data to write, and not that the file has grown. Zeros at the end of a log are its end for WalCheck. A log that is
// being written is as long as what was written: who copies it up to there (a snapshot) does not see it change.
//
// A sync that failed is not tried again, by whichever thread: the system may have dropped the pages of the first, and
// would say that all is well.
//
// Measured on ext4: 44 us instead of 68 us for the sync of a small batch. Large batches are not helped by it, and pay
// for each byte twice: for them nothing is filled.
#pragma once

#include <rocksdb/file_system.h>

#include <cstdint>
#include <memory>
#include <string>

namespace sluice::journal {

class OpenLogs;

// Thread safety: as FileSystem.
class LogFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit LogFileSystem(std::shared_ptr<rocksdb::FileSystem> files);

  const char* Name() const override { return "LogFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus GetFileSize(const std::string& path, const rocksdb::IOOptions& options, std::uint64_t* size,
                                rocksdb::IODebugContext* context) override;

 private:
  const std::shared_ptr<OpenLogs> open_;
};

}  // namespace sluice::journal
