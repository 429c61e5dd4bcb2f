#include "server/journal/data_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "server/journal/log_file_system.h"

namespace sluice::journal {
namespace {

constexpr char kLockName[] = "sluice.lock";

// RocksDB's threads sleep for a second after an error. The journal closes it then, and does not wait that long.
class QuickClock : public rocksdb::SystemClockWrapper {
 public:
  using SystemClockWrapper::SystemClockWrapper;
  const char* Name() const override { return "QuickClock"; }
  void SleepForMicroseconds(int micros) override {
    SystemClockWrapper::SleepForMicroseconds(std::min(micros, kLongestSleep));
  }

 private:
  static constexpr int kLongestSleep = 20'000;
};

class JournalEnv : public rocksdb::EnvWrapper {
 public:
  explicit JournalEnv(std::shared_ptr<rocksdb::FileSystem> files)
      : EnvWrapper(rocksdb::NewCompositeEnv(std::make_shared<LogFileSystem>(std::move(files)))) {
    file_system_ = target()->GetFileSystem();
    system_clock_ = std::make_shared<QuickClock>(rocksdb::SystemClock::Default());
  }
};

std::unique_ptr<rocksdb::Env> MakeEnv(const RocksDbOptions& options) {
  return std::make_unique<JournalEnv>(options.file_system ? options.file_system : rocksdb::FileSystem::Default());
}

bool Make(const std::string& path, Health* failure) {
  struct stat found {};
  if (::mkdir(path.c_str(), 0700) == 0) return true;
  const int error = errno;
  failure->result = Result::kUnavailable;
  if (::stat(path.c_str(), &found) != 0) {
    failure->text = "cannot create data directory " + path + ": " + std::strerror(error);
    return false;
  }
  if (S_ISDIR(found.st_mode)) return true;
  failure->text = "data directory " + path + " is not a directory: name another one";
  return false;
}

bool IsInUse(const std::string& path, Health* failure) {
  *failure = {Result::kUnavailable,
              "data directory " + path + " is in use by another sluiced: stop it, or name another directory"};
  return false;
}

// What stands in a directory that is no program's.
bool IsNobodys(const std::string& name) { return name == "." || name == ".." || name == "lost+found"; }

}  // namespace

std::unique_ptr<DataDirectory> DataDirectory::Open(const std::string& path, const RocksDbOptions& options,
                                                   Health* failure) {
  if (!Make(path, failure)) return nullptr;
  std::unique_ptr<DataDirectory> directory(new DataDirectory(path, MakeEnv(options)));
  if (!directory->IsOurs(failure) || !directory->Lock(failure)) return nullptr;
  return directory;
}

std::unique_ptr<DataDirectory> DataDirectory::OpenToRead(const std::string& path, const RocksDbOptions& options,
                                                         Health* failure) {
  std::unique_ptr<DataDirectory> directory(new DataDirectory(path, MakeEnv(options)));
  if (!directory->IsOurs(failure) || !directory->LockToRead(failure)) return nullptr;
  if (directory->env_->FileExists(path + "/CURRENT").ok()) return directory;
  *failure = {Result::kUnavailable, "directory " + path + " holds no queues: name the one that sluiced used"};
  return nullptr;
}

DataDirectory::~DataDirectory() {
  if (lock_ != nullptr) env_->UnlockFile(lock_).PermitUncheckedError();
  if (read_lock_ >= 0) ::close(read_lock_);
}

// Nothing is put among the files of others. A life that ended early left its lock, or, if the power went with it, what
// RocksDB writes first; whose it is tells the store.
bool DataDirectory::IsOurs(Health* failure) const {
  std::vector<std::string> names;
  const rocksdb::Status status = env_->GetChildren(path_, &names);
  if (!status.ok()) {
    *failure = {Result::kUnavailable, "cannot read data directory " + path_ + ": " + status.ToString()};
    return false;
  }
  const auto is_ours = [](const std::string& name) {
    return name == "CURRENT" || name == kLockName || name == "IDENTITY" || name.starts_with("MANIFEST-");
  };
  if (std::any_of(names.begin(), names.end(), is_ours)) return true;
  const auto foreign = std::find_if_not(names.begin(), names.end(), IsNobodys);
  if (foreign == names.end()) return true;
  *failure = {Result::kUnavailable, "data directory " + path_ + " is not one of sluiced's (there is " + *foreign +
                                        "): name an empty or a new directory"};
  return false;
}

// RocksDB has a lock too, but takes it after logs were read, and gives it back when it is opened anew.
bool DataDirectory::Lock(Health* failure) {
  const rocksdb::Status status = env_->LockFile(path_ + "/" + kLockName, &lock_);
  if (status.ok()) return true;
  lock_ = nullptr;
  const std::string text = status.ToString();
  const bool is_held = text.find("lock hold by current process") != std::string::npos ||
                       text.find("While lock file") != std::string::npos;
  if (is_held) return IsInUse(path_, failure);
  *failure = {Result::kUnavailable, "cannot write in data directory " + path_ + ": " + text};
  return false;
}

// As RocksDB locks, but shared. Without a lock file no server uses it: it is a backup.
bool DataDirectory::LockToRead(Health* failure) {
  const std::string path = path_ + "/" + kLockName;
  read_lock_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (read_lock_ < 0 && errno == ENOENT) return true;
  struct flock lock {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  if (read_lock_ >= 0 && ::fcntl(read_lock_, F_SETLK, &lock) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) {
    if (read_lock_ >= 0) return IsInUse(path_, failure);
  }
  *failure = {Result::kUnavailable, "cannot read " + path + ": " + std::strerror(errno)};
  return false;
}

std::uint64_t DataDirectory::free_bytes() const {
  std::uint64_t bytes = 0;
  // Not every file system says it: then RocksDB finds out.
  const bool is_known = env_->GetFileSystem()->GetFreeSpace(path_, rocksdb::IOOptions(), &bytes, nullptr).ok();
  return is_known ? bytes : UINT64_MAX;
}

std::uint64_t DataDirectory::bytes() const {
  std::uint64_t sum = 0;
  std::vector<std::string> names;
  env_->GetChildren(path_, &names).PermitUncheckedError();
  for (const std::string& name : names) {
    std::uint64_t size = 0;
    if (env_->GetFileSize(path_ + "/" + name, &size).ok()) sum += size;
  }
  return sum;
}

}  // namespace sluice::journal
