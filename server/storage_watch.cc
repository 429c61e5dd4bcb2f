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
  const bool serving = health.result == Result::kOk && !has_failed_.load();
  if (serving == serving_) return;
  serving_ = serving;
  spdlog::log(serving ? spdlog::level::info : spdlog::level::warn, "health checks are told {}",
              serving ? "SERVING" : "NOT_SERVING");
  tell_(serving);
}

void StorageWatch::NamespaceFailed(const std::string& trouble) {
  spdlog::error("{}", trouble);
  has_failed_.store(true);
}

}  // namespace sluice::server
