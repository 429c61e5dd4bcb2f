#include "server/journal/disk_space.h"

#include <rocksdb/file_system.h>

#include <algorithm>
#include <memory>

namespace sluice::journal {
namespace {

constexpr char kReserveName[] = "/sluice.reserve";
constexpr std::chrono::milliseconds kInterval{100};  // others write to the disk, too
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

std::string Mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

}  // namespace

DiskSpace::DiskSpace(const DataDirectory* directory, const RocksDbOptions& options)
    : directory_(directory), options_(options) {
  std::uint64_t size = 0;
  has_reserve_ = directory_->env()->GetFileSize(reserve_path(), &size).ok() && size == options_.reserve_bytes;
  Ask();
}

std::string DiskSpace::reserve_path() const { return directory_->path() + kReserveName; }

void DiskSpace::Look(std::uint64_t bytes) {
  unseen_bytes_ += bytes;
  const bool is_plenty = HasRoom(false) && unseen_bytes_ < options_.min_free_bytes / 8;
  if (is_plenty && std::chrono::steady_clock::now() - asked_ < kInterval) return;
  Ask();
}

void DiskSpace::Ask() {
  asked_ = std::chrono::steady_clock::now();
  unseen_bytes_ = 0;
  free_bytes_ = directory_->free_bytes();
  const bool is_known = free_bytes_ != UINT64_MAX;
  if (has_reserve_ && free_bytes_ < options_.min_free_reserve_bytes) {
    Full();
  } else if (!has_reserve_ && is_known && free_bytes_ >= options_.min_free_bytes + 2 * options_.reserve_bytes) {
    MakeReserve();
  }
}

bool DiskSpace::HasRoom(bool reserve) const {
  return free_bytes_ >= (reserve ? options_.min_free_reserve_bytes : options_.min_free_bytes);
}

void DiskSpace::Full() {
  asked_ = {};
  if (!has_reserve_ || !directory_->env()->DeleteFile(reserve_path()).ok()) return;
  has_reserve_ = false;
  free_bytes_ = std::max(free_bytes_, options_.reserve_bytes);
}

void DiskSpace::MakeReserve() {
  if (options_.reserve_bytes == 0) return;
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = directory_->env()->NewWritableFile(reserve_path(), &file, rocksdb::EnvOptions());
  const std::string zeros(kChunkBytes, '\0');
  for (std::uint64_t left = options_.reserve_bytes; status.ok() && left > 0;) {
    const std::uint64_t size = std::min<std::uint64_t>(left, zeros.size());
    status = file->Append(rocksdb::Slice(zeros.data(), size));
    left -= size;
  }
  if (status.ok()) status = file->Close();
  has_reserve_ = status.ok();
  if (!has_reserve_) directory_->env()->DeleteFile(reserve_path()).PermitUncheckedError();
}

std::string DiskSpace::text() const {
  if (HasRoom(false)) return {};
  return "the disk of " + directory_->path() + " is full: " + Mebibytes(free_bytes_) + " are free, puts need " +
         Mebibytes(options_.min_free_bytes) + "; make space, or empty queues";
}

}  // namespace sluice::journal
