#include "tests/unit/server/journal/simulated_disk.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

namespace sluice::journal {
namespace {

using rocksdb::IOStatus;

void Apply(const SimulatedDisk::Write& write, std::string_view bytes, std::string* content) {
  if (content->size() < write.offset + bytes.size()) content->resize(write.offset + bytes.size());
  content->replace(write.offset, bytes.size(), bytes);
}

class SimulatedFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  SimulatedFile(SimulatedDisk* disk, std::string path, std::shared_ptr<SimulatedDisk::File> state,
                std::unique_ptr<rocksdb::FSWritableFile> file, std::uint64_t size)
      : FSWritableFileOwnerWrapper(std::move(file)),
        disk_(disk),
        path_(std::move(path)),
        state_(std::move(state)),
        size_(size) {}

  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  rocksdb::IODebugContext* context) override {
    const Verdict verdict = disk_->Ask("append", path_);
    rocksdb::Slice written = data;
    if (!verdict.status.ok()) written = rocksdb::Slice(data.data(), verdict.carries_out ? data.size() / 2 : 0);
    IOStatus status = target()->Append(written, options, context);
    if (!status.ok()) return status;
    disk_->Written(state_, size_, {written.data(), written.size()});
    size_ += written.size();
    return verdict.status;
  }
  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options, const rocksdb::DataVerificationInfo&,
                  rocksdb::IODebugContext* context) override {
    return Append(data, options, context);
  }
  IOStatus PositionedAppend(const rocksdb::Slice& data, std::uint64_t offset, const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* context) override {
    const Verdict verdict = disk_->Ask("append", path_);
    rocksdb::Slice written = data;
    if (!verdict.status.ok()) written = rocksdb::Slice(data.data(), verdict.carries_out ? data.size() / 2 : 0);
    IOStatus status = target()->PositionedAppend(written, offset, options, context);
    if (!status.ok()) return status;
    disk_->Written(state_, offset, {written.data(), written.size()});
    size_ = std::max<std::uint64_t>(size_, offset + written.size());
    return verdict.status;
  }
  IOStatus Truncate(std::uint64_t size, const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    const Verdict verdict = disk_->Ask("truncate", path_);
    if (!verdict.status.ok()) return verdict.status;
    disk_->Cut(state_, size);
    size_ = size;
    return target()->Truncate(size, options, context);
  }
  IOStatus Sync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    const Verdict verdict = disk_->Ask("sync", path_);
    disk_->Synced(state_, verdict.status.ok() || verdict.carries_out);
    return verdict.status;
  }
  IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    return Sync(options, context);
  }
  IOStatus RangeSync(std::uint64_t, std::uint64_t, const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus Close(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    const Verdict verdict = disk_->Ask("close", path_);
    const IOStatus status = target()->Close(options, context);
    return verdict.status.ok() ? status : verdict.status;
  }

 private:
  SimulatedDisk* const disk_;
  const std::string path_;
  const std::shared_ptr<SimulatedDisk::File> state_;
  std::uint64_t size_;
};

class SimulatedDirectory : public rocksdb::FSDirectory {
 public:
  SimulatedDirectory(SimulatedDisk* disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    const Verdict verdict = disk_->Ask("sync directory", path_);
    if (verdict.status.ok() || verdict.carries_out) disk_->DirectorySynced();
    return verdict.status;
  }
  IOStatus Close(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override { return IOStatus::OK(); }

 private:
  SimulatedDisk* const disk_;
  const std::string path_;
};

// What is on the disk of a file of which `written` was not synced.
std::string Remains(const SimulatedDisk::File& file, std::mt19937_64* dice) {
  std::string content = file.synced;
  const std::size_t kept = (*dice)() % (file.written.size() + 1);
  const bool has_hole = (*dice)() % 4 == 0;
  const std::size_t hole = (*dice)() % (file.written.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) {
    if (has_hole && i == hole) continue;
    Apply(file.written[i], file.written[i].bytes, &content);
  }
  if (kept < file.written.size()) {
    const std::string_view bytes = file.written[kept].bytes;
    Apply(file.written[kept], bytes.substr(0, (*dice)() % (bytes.size() + 1)), &content);
  }
  return content;
}

}  // namespace

void SimulatedDisk::SetHook(Hook hook) {
  const std::lock_guard lock(mutex_);
  hook_ = std::move(hook);
}

void SimulatedDisk::SetFreeSpace(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  free_space_ = bytes;
}

Verdict SimulatedDisk::Ask(std::string_view what, const std::string& path) const {
  Hook hook;
  {
    const std::lock_guard lock(mutex_);
    hook = hook_;
  }
  return hook ? hook({what, path}) : Verdict{};
}

void SimulatedDisk::Written(const std::shared_ptr<File>& file, std::uint64_t offset, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (!bytes.empty()) file->written.push_back({offset, std::string(bytes)});
}

void SimulatedDisk::Synced(const std::shared_ptr<File>& file, bool is_sound) {
  const std::lock_guard lock(mutex_);
  if (is_sound) {
    for (const Write& write : file->written) sluice::journal::Apply(write, write.bytes, &file->synced);
  }
  file->written.clear();
}

void SimulatedDisk::Cut(const std::shared_ptr<File>& file, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (file->synced.size() > size) file->synced.resize(size);
  std::erase_if(file->written, [size](const Write& write) { return write.offset + write.bytes.size() > size; });
}

void SimulatedDisk::Apply(Change change) {
  const std::lock_guard lock(mutex_);
  change(&names_);
  changes_.push_back(std::move(change));
}

void SimulatedDisk::DirectorySynced() {
  const std::lock_guard lock(mutex_);
  for (const Change& change : changes_) change(&synced_names_);
  changes_.clear();
}

void SimulatedDisk::LosePower(const std::string& directory, const std::string& to, std::mt19937_64* dice) const {
  const std::lock_guard lock(mutex_);
  Names names = synced_names_;
  const std::size_t kept = (*dice)() % (changes_.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) changes_[i](&names);
  std::filesystem::create_directory(to);
  for (const auto& [path, file] : names) {
    if (std::filesystem::path(path).parent_path() != directory) continue;
    std::ofstream(std::filesystem::path(to) / std::filesystem::path(path).filename(), std::ios::binary)
        << Remains(*file, dice);
  }
}

IOStatus SimulatedDisk::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSWritableFile>* file,
                                        rocksdb::IODebugContext* context) {
  if (const Verdict verdict = Ask("create", path); !verdict.status.ok()) return verdict.status;
  std::unique_ptr<rocksdb::FSWritableFile> real;
  IOStatus status = target()->NewWritableFile(path, options, &real, context);
  if (!status.ok()) return status;
  auto state = std::make_shared<File>();
  Apply([path, state](Names* names) { (*names)[path] = state; });
  *file = std::make_unique<SimulatedFile>(this, path, std::move(state), std::move(real), 0);
  return status;
}

IOStatus SimulatedDisk::ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                                           rocksdb::IODebugContext* context) {
  if (const Verdict verdict = Ask("open", path); !verdict.status.ok()) return verdict.status;
  std::uint64_t size = 0;
  std::unique_ptr<rocksdb::FSWritableFile> real;
  IOStatus status = target()->GetFileSize(path, options.io_options, &size, context);
  if (status.ok()) status = target()->ReopenWritableFile(path, options, &real, context);
  if (!status.ok()) return status;
  std::shared_ptr<File> state;
  {
    const std::lock_guard lock(mutex_);
    state = names_[path];
    if (state == nullptr) return IOStatus::NotSupported("a file from before");
  }
  *file = std::make_unique<SimulatedFile>(this, path, std::move(state), std::move(real), size);
  return status;
}

IOStatus SimulatedDisk::NewDirectory(const std::string& path, const rocksdb::IOOptions&,
                                     std::unique_ptr<rocksdb::FSDirectory>* directory, rocksdb::IODebugContext*) {
  if (const Verdict verdict = Ask("open directory", path); !verdict.status.ok()) return verdict.status;
  *directory = std::make_unique<SimulatedDirectory>(this, path);
  return IOStatus::OK();
}

IOStatus SimulatedDisk::DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                                   rocksdb::IODebugContext* context) {
  if (const Verdict verdict = Ask("remove", path); !verdict.status.ok()) return verdict.status;
  const IOStatus status = target()->DeleteFile(path, options, context);
  if (status.ok()) Apply([path](Names* names) { names->erase(path); });
  return status;
}

IOStatus SimulatedDisk::RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                                   rocksdb::IODebugContext* context) {
  if (const Verdict verdict = Ask("rename", to); !verdict.status.ok()) return verdict.status;
  const IOStatus status = target()->RenameFile(from, to, options, context);
  if (status.ok()) {
    Apply([from, to](Names* names) {
      const auto moved = names->find(from);
      if (moved == names->end()) return;
      (*names)[to] = moved->second;
      names->erase(from);
    });
  }
  return status;
}

IOStatus SimulatedDisk::GetFreeSpace(const std::string&, const rocksdb::IOOptions&, std::uint64_t* bytes,
                                     rocksdb::IODebugContext*) {
  const std::lock_guard lock(mutex_);
  *bytes = free_space_;
  return IOStatus::OK();
}

}  // namespace sluice::journal
