#include "server/journal/data_directory.h"

#include <errno.h>
#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>
#include <sys/stat.h>

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

}  // namespace

std::unique_ptr<DataDirectory> DataDirectory::Open(const std::string& path, const RocksDbOptions& options,
                                                   Health* failure) {
  if (!Make(path, failure)) return nullptr;
  std::unique_ptr<DataDirectory> directory(new DataDirectory(
      path, std::make_unique<JournalEnv>(options.file_system ? options.file_system : rocksdb::FileSystem::Default())));
  if (!directory->Lock(failure)) return nullptr;
  return directory;
}

DataDirectory::~DataDirectory() {
  if (lock_ != nullptr) env_->UnlockFile(lock_).PermitUncheckedError();
}

// RocksDB has a lock too, but takes it after logs were read, and gives it back when it is opened anew.
bool DataDirectory::Lock(Health* failure) {
  const rocksdb::Status status = env_->LockFile(path_ + "/" + kLockName, &lock_);
  if (status.ok()) return true;
  lock_ = nullptr;
  const std::string text = status.ToString();
  const bool is_held = text.find("lock hold by current process") != std::string::npos ||
                       text.find("While lock file") != std::string::npos;
  *failure = {Result::kUnavailable,
              is_held
                  ? "data directory " + path_ + " is in use by another sluiced: stop it, or " + "name another directory"
                  : "cannot write in data directory " + path_ + ": " + text};
  return false;
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
