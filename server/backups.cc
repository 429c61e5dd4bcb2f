#include "server/backups.h"

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>
#include <asio/post.hpp>

#include "common/names.h"

namespace sluice::server {
namespace {

namespace fs = std::filesystem;

rpc::BackupResult Refused(Reason reason, std::string message) { return {reason, std::move(message), {}, 0}; }

std::uint64_t BytesOf(const fs::path& directory) {
  std::uint64_t bytes = 0;
  std::error_code ignored;
  for (const fs::directory_entry& file : fs::directory_iterator(directory, ignored)) {
    const std::uint64_t size = file.file_size(ignored);
    if (!ignored) bytes += size;
  }
  return bytes;
}

}  // namespace

void Backups::Take(const std::string& name, std::function<void(rpc::BackupResult&&)> done) {
  if (journal_ == nullptr) {
    return done(Refused(Reason::kInvalidArgument, "this server keeps no queues on disk: nothing to back up"));
  }
  if (directory_.empty()) {
    return done(
        Refused(Reason::kInvalidArgument,
                "this server takes no backups: start sluiced with --backup-dir DIR, and name a directory in it"));
  }
  if (!IsValidName(name)) {
    return done(Refused(Reason::kInvalidArgument,
                        "a backup's name has 1 to 255 of A-Z a-z 0-9 . _ - and no leading dot: the server makes the "
                        "directory of that name in its --backup-dir"));
  }
  asio::post(thread_, [this, name, done = std::move(done)] { done(Write(name)); });
}

rpc::BackupResult Backups::Write(const std::string& name) {
  const auto began = std::chrono::steady_clock::now();
  const fs::path path = fs::path(directory_) / name;
  std::error_code error;
  if (fs::create_directory(directory_, error)) fs::permissions(directory_, fs::perms::owner_all, error);
  if (error) return Refused(Reason::kUnavailable, "cannot create " + directory_ + ": " + error.message());
  if (fs::exists(path, error)) {
    return Refused(Reason::kInvalidArgument, path.string() + " exists: name another one, or remove it");
  }
  std::string problem;
  if (journal_->Snapshot(path.string(), &problem) != journal::Result::kOk) {
    spdlog::error("backup failed: {}", problem);
    return Refused(Reason::kUnavailable, problem);
  }
  fs::permissions(path, fs::perms::owner_all, error);  // as a data directory is: for its owner alone
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  const std::uint64_t bytes = BytesOf(path);
  spdlog::info("backup written to {}: {} bytes in {} ms", path.string(), bytes, took.count());
  return {Reason::kOk, {}, path.string(), bytes};
}

}  // namespace sluice::server
