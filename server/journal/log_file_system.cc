#include "server/journal/log_file_system.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include <sluice/mutex.h>
#include <sluice/thread_annotations.h>

namespace sluice::journal {

using Size = std::shared_ptr<const std::atomic<std::uint64_t>>;

// What was written of the logs that are open. Thread safety: all methods may be called from any thread.
class OpenLogs {
 public:
  void Add(const std::string& path, Size size) {
    MutexLock lock(mutex_);
    sizes_[path] = std::move(size);
  }
  void Remove(const std::string& path) {
    MutexLock lock(mutex_);
    sizes_.erase(path);
  }
  std::optional<std::uint64_t> Find(const std::string& path) const {
    MutexLock lock(mutex_);
    const auto found = sizes_.find(path);
    if (found == sizes_.end()) return std::nullopt;
    return found->second->load();
  }

 private:
  mutable Mutex mutex_;
  std::map<std::string, Size> sizes_ SLUICE_GUARDED_BY(mutex_);
};

namespace {

using rocksdb::IOStatus;

constexpr std::uint64_t kAheadBytes = std::uint64_t{512} << 10;
constexpr std::uint64_t kLargeBytes = std::uint64_t{16} << 10;  // in one sync: then nothing is filled

// Thread safety: as RocksDB uses a log: one thread appends, another may sync.
class LogFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  LogFile(std::string path, std::shared_ptr<OpenLogs> open, std::unique_ptr<rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), path_(std::move(path)), open_(std::move(open)) {
    open_->Add(path_, size_);
  }
  ~LogFile() override { open_->Remove(path_); }

  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  rocksdb::IODebugContext* context) override {
    unsynced_ += data.size();
    IOStatus status = target()->PositionedAppend(data, *size_, options, context);
    if (status.ok()) *size_ += data.size();
    // Before the sync, which then covers it: once in many batches.
    if (status.ok() && *size_ > filled_ && unsynced_ < kLargeBytes) status = Fill(options, context);
    return status;
  }
  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options, const rocksdb::DataVerificationInfo&,
                  rocksdb::IODebugContext* context) override {
    return Append(data, options, context);
  }
  IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    unsynced_ = 0;
    if (failure_.ok()) failure_ = target()->Sync(options, context);
    return failure_;
  }
  IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    return Sync(options, context);
  }
  IOStatus Truncate(std::uint64_t size, const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    *size_ = size;
    filled_ = size;
    return target()->Truncate(size, options, context);
  }
  IOStatus Close(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    IOStatus status;
    if (filled_ > *size_) status = target()->Truncate(*size_, options, context);
    IOStatus closed = target()->Close(options, context);
    return status.ok() ? closed : status;
  }
  std::uint64_t GetFileSize(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override { return *size_; }

  // Zeros are written, so nothing needs to be allocated.
  void PrepareWrite(std::size_t, std::size_t, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {}
  IOStatus Allocate(std::uint64_t, std::uint64_t, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }

 private:
  IOStatus Fill(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) {
    static const std::string zeros(kAheadBytes, '\0');
    filled_ = *size_ + kAheadBytes;
    return target()->PositionedAppend(zeros, *size_, options, context);
  }

  const std::string path_;
  const std::shared_ptr<OpenLogs> open_;
  const std::shared_ptr<std::atomic<std::uint64_t>> size_ = std::make_shared<std::atomic<std::uint64_t>>(0);
  std::uint64_t filled_ = 0;
  std::atomic<std::uint64_t> unsynced_{0};
  IOStatus failure_{};  // of a sync; RocksDB lets one thread at a time sync a log
};

}  // namespace

LogFileSystem::LogFileSystem(std::shared_ptr<rocksdb::FileSystem> files)
    : FileSystemWrapper(std::move(files)), open_(std::make_shared<OpenLogs>()) {}

IOStatus LogFileSystem::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSWritableFile>* file,
                                        rocksdb::IODebugContext* context) {
  IOStatus status = target()->NewWritableFile(path, options, file, context);
  if (status.ok() && path.ends_with(".log")) *file = std::make_unique<LogFile>(path, open_, std::move(*file));
  return status;
}

IOStatus LogFileSystem::GetFileSize(const std::string& path, const rocksdb::IOOptions& options, std::uint64_t* size,
                                    rocksdb::IODebugContext* context) {
  const std::optional<std::uint64_t> written = open_->Find(path);
  if (!written) return target()->GetFileSize(path, options, size, context);
  *size = *written;
  return IOStatus::OK();
}

}  // namespace sluice::journal
