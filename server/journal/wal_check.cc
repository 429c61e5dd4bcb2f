#include "server/journal/wal_check.h"

#include <rocksdb/file_system.h>

#include <algorithm>
#include <memory>

#include "server/journal/wal_reader.h"

namespace sluice::journal {
namespace {

constexpr std::string_view kSuffix = ".log";

// 0: not the name of a log.
std::uint64_t NumberOf(std::string_view name) {
  if (!name.ends_with(kSuffix) || name.size() == kSuffix.size()) return 0;
  std::uint64_t number = 0;
  for (const char digit : name.substr(0, name.size() - kSuffix.size())) {
    if (digit < '0' || digit > '9') return 0;
    number = number * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return number;
}

bool Fail(const std::string& path, const rocksdb::Status& status, Health* failure) {
  *failure = {Result::kUnavailable, "cannot read " + path + ": " + status.ToString()};
  return false;
}

}  // namespace

bool WalCheck::Run(Health* failure) {
  if (!List(failure)) return false;
  return std::all_of(logs_.begin(), logs_.end(), [&](Log& log) { return Check(&log, failure); });
}

bool WalCheck::List(Health* failure) {
  std::vector<std::string> names;
  const rocksdb::Status status = env_->GetChildren(directory_, &names);
  if (!status.ok()) return Fail(directory_, status, failure);
  for (const std::string& name : names) {
    if (const std::uint64_t number = NumberOf(name); number > 0)
      logs_.push_back({number, 0, 0, directory_ + "/" + name});
  }
  std::sort(logs_.begin(), logs_.end(), [](const Log& one, const Log& other) { return one.number < other.number; });
  return true;
}

bool WalCheck::Check(Log* log, Health* failure) {
  std::string bytes;
  const rocksdb::Status status = rocksdb::ReadFileToString(env_, log->path, &bytes);
  if (!status.ok()) return Fail(log->path, status, failure);
  log->size = bytes.size();
  WalReader reader(bytes);
  WalRecord record;
  bool is_more = true;
  while (is_more) {
    is_more = reader.Next(&record);
    if (reader.damage() && !is_broken_) {
      is_broken_ = true;
      broken_at_ = log->path + ", offset " + std::to_string(*reader.damage()) + ": " + reader.damage_text();
    }
    if (!is_more) break;
    const bool is_first = next_ == 0 && !is_broken_;
    if (is_first || (record.sequence == next_ && !reader.damage())) {
      // Perhaps behind a log whose torn end was cut off before: sequences went on where it was cut.
      is_broken_ = false;
      next_ = record.sequence + record.keys;
      log->sound = record.end;
      continue;
    }
    if (!is_broken_) {
      is_broken_ = true;
      broken_at_ = log->path + ", offset " + std::to_string(log->sound) + ": what was written before it is missing";
    }
    if (record.synced >= next_ && record.synced > 0) return Refuse(*log, record.sequence, failure);
  }
  return true;
}

bool WalCheck::Refuse(const Log& log, std::uint64_t found, Health* failure) {
  *failure = {Result::kCorrupt, "the journal is damaged at " + broken_at_ +
                                    ". Batches behind it were acknowledged (number " + std::to_string(found) + " in " +
                                    log.path + "), so it cannot be cut off there: restore " + directory_ +
                                    " from a backup, on a sound disk"};
  return false;
}

bool WalCheck::Cut(Health* failure) {
  for (const Log& log : logs_) {
    if (log.sound == log.size) continue;
    std::unique_ptr<rocksdb::FSWritableFile> file;
    rocksdb::IOStatus status =
        env_->GetFileSystem()->ReopenWritableFile(log.path, rocksdb::FileOptions(), &file, nullptr);
    if (status.ok()) status = file->Truncate(log.sound, rocksdb::IOOptions(), nullptr);
    if (status.ok()) status = file->Close(rocksdb::IOOptions(), nullptr);
    if (!status.ok()) {
      *failure = {Result::kUnavailable, "cannot cut off the torn end of " + log.path + ": " + status.ToString()};
      return false;
    }
  }
  return true;
}

}  // namespace sluice::journal
