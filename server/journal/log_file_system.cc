#include "server/journal/log_file_system.h"

#include <atomic>
#include <cstdint>
#include <utility>

namespace sluice::journal {
namespace {

using rocksdb::IOStatus;

constexpr std::uint64_t kAheadBytes = std::uint64_t{512} << 10;
constexpr std::uint64_t kLargeBytes = std::uint64_t{16} << 10;  // in one sync: then nothing is filled

// Thread safety: as RocksDB uses a log: one thread appends, another may sync.
class LogFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  explicit LogFile(std::unique_ptr<rocksdb::FSWritableFile> file) : FSWritableFileOwnerWrapper(std::move(file)) {}

  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  rocksdb::IODebugContext* context) override {
    unsynced_ += data.size();
    IOStatus status = target()->PositionedAppend(data, size_, options, context);
    if (status.ok()) size_ += data.size();
    // Before the sync, which then covers it: once in many batches.
    if (status.ok() && size_ > filled_ && unsynced_ < kLargeBytes) status = Fill(options, context);
    return status;
  }
  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options, const rocksdb::DataVerificationInfo&,
                  rocksdb::IODebugContext* context) override {
    return Append(data, options, context);
  }
  IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    unsynced_ = 0;
    return target()->Sync(options, context);
  }
  IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    return Sync(options, context);
  }
  IOStatus Truncate(std::uint64_t size, const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    size_ = size;
    filled_ = size;
    return target()->Truncate(size, options, context);
  }
  IOStatus Close(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    IOStatus status;
    if (filled_ > size_) status = target()->Truncate(size_, options, context);
    IOStatus closed = target()->Close(options, context);
    return status.ok() ? closed : status;
  }
  std::uint64_t GetFileSize(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override { return size_; }

  // Zeros are written, so nothing needs to be allocated.
  void PrepareWrite(std::size_t, std::size_t, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {}
  IOStatus Allocate(std::uint64_t, std::uint64_t, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }

 private:
  IOStatus Fill(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) {
    static const std::string zeros(kAheadBytes, '\0');
    filled_ = size_ + kAheadBytes;
    return target()->PositionedAppend(zeros, size_, options, context);
  }

  std::uint64_t size_ = 0;
  std::uint64_t filled_ = 0;
  std::atomic<std::uint64_t> unsynced_{0};
};

}  // namespace

IOStatus LogFileSystem::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSWritableFile>* file,
                                        rocksdb::IODebugContext* context) {
  IOStatus status = target()->NewWritableFile(path, options, file, context);
  if (status.ok() && path.ends_with(".log")) *file = std::make_unique<LogFile>(std::move(*file));
  return status;
}

}  // namespace sluice::journal
