// A file system that keeps files where they are, and knows what of them a power loss would leave: for each file what
// was synced and what was only written, for directories which names. It never waits for the real disk. Any operation
// that changes something can be made to fail.
//
// As on Linux, what was written before a sync that failed is still read, and is never written by a later sync.
#pragma once

#include <rocksdb/file_system.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::journal {

// One call that changes something: "append", "sync", "create", "rename", "remove", "sync directory", ...
struct DiskOperation {
  std::string_view what;
  std::string path;
};

struct Verdict {
  rocksdb::IOStatus status{};  // other than ok: the operation fails with it
  bool carries_out = false;    // what fails is done nevertheless; of an append: the first half of it
};

// Thread safety: all methods may be called from any thread.
class SimulatedDisk : public rocksdb::FileSystemWrapper {
 public:
  using Hook = std::function<Verdict(const DiskOperation&)>;

  SimulatedDisk() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  static const char* kClassName() { return "SimulatedDisk"; }
  const char* Name() const override { return kClassName(); }

  // Asked before each operation, under no lock. Null: all go well.
  void SetHook(Hook hook);
  void SetFreeSpace(std::uint64_t bytes);
  // Writes to the new directory `to` what a power loss at this moment would leave of `directory`: all that was synced;
  // of the rest what the dice say, also a later write without an earlier one, or a part of one.
  void LosePower(const std::string& directory, const std::string& to, std::mt19937_64* dice) const;

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options, std::uint64_t* bytes,
                                 rocksdb::IODebugContext* context) override;

  // For the files it makes.
  struct Write {
    std::uint64_t offset;
    std::string bytes;
  };
  struct File {
    std::string synced;
    std::vector<Write> written;  // since
  };
  Verdict Ask(std::string_view what, const std::string& path) const;
  void Written(const std::shared_ptr<File>& file, std::uint64_t offset, std::string_view bytes);
  void Synced(const std::shared_ptr<File>& file, bool is_sound);
  void Cut(const std::shared_ptr<File>& file, std::uint64_t size);
  void DirectorySynced();

 private:
  using Names = std::map<std::string, std::shared_ptr<File>>;
  using Change = std::function<void(Names*)>;

  void Apply(Change change);

  mutable std::mutex mutex_;
  Hook hook_;
  std::uint64_t free_space_ = std::uint64_t{1} << 40;
  Names names_;         // as they are
  Names synced_names_;  // as a power loss leaves them at least
  std::vector<Change> changes_;
};

}  // namespace sluice::journal
