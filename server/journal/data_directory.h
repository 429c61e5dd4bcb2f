// The directory of a journal, held exclusively.
#pragma once

#include <rocksdb/env.h>

#include <memory>
#include <string>

#include "server/journal/journal.h"
#include "server/journal/rocksdb_options.h"

namespace sluice::journal {

// Thread safety: const methods may be called from any thread.
class DataDirectory {
 public:
  // Creates it if it is missing, for its owner alone: only who runs the server has business with the payloads. Null:
  // `failure` says what is wrong and what to do.
  static std::unique_ptr<DataDirectory> Open(const std::string& path, const RocksDbOptions& options, Health* failure);
  // Changes nothing in it, also while a server waits for it. Null: as Open; it is in use by a server, or not there.
  static std::unique_ptr<DataDirectory> OpenToRead(const std::string& path, const RocksDbOptions& options,
                                                   Health* failure);
  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  const std::string& path() const { return path_; }
  rocksdb::Env* env() const { return env_.get(); }
  // Of all files in it.
  std::uint64_t bytes() const;
  // On its disk; UINT64_MAX when nobody knows.
  std::uint64_t free_bytes() const;

 private:
  DataDirectory(std::string path, std::unique_ptr<rocksdb::Env> env) : path_(std::move(path)), env_(std::move(env)) {}
  bool IsOurs(Health* failure) const;
  bool Lock(Health* failure);
  bool LockToRead(Health* failure);

  const std::string path_;
  const std::unique_ptr<rocksdb::Env> env_;
  rocksdb::FileLock* lock_ = nullptr;
  int read_lock_ = -1;  // a file descriptor
};

}  // namespace sluice::journal
