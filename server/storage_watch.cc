#include "server/storage_watch.h"

#include <spdlog/spdlog.h>

namespace sluice::server {

using journal::Result;

void StorageWatch::Look(const journal::Health& health) {
  if (health.result != logged_) {
    if (health.result == Result::kOk) {
      spdlog::info("the storage is well again");
    } else {
      spdlog::error("storage trouble: {}", health.text);
    }
    logged_ = health.result;
  }
  const bool serving = WithFailures(health).result == Result::kOk;
  if (serving_.exchange(serving) == serving) return;
  spdlog::log(serving ? spdlog::level::info : spdlog::level::warn, "health checks are told {}",
              serving ? "SERVING" : "NOT_SERVING");
  tell_(serving);
}

void StorageWatch::NamespaceFailed(const std::string& trouble) {
  spdlog::error("{}", trouble);
  MutexLock lock(mutex_);
  if (failure_.empty()) failure_ = trouble;
}

journal::Health StorageWatch::WithFailures(journal::Health health) const {
  if (health.result != Result::kOk) return health;
  MutexLock lock(mutex_);
  if (!failure_.empty()) return {Result::kCorrupt, failure_};
  return health;
}

}  // namespace sluice::server
