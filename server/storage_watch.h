// Tells the log and the health checks how the storage is, once when it changes.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "server/journal/journal.h"

namespace sluice::server {

// Thread safety: as noted; what is not noted, by one thread at a time.
class StorageWatch {
 public:
  // `tell` hears whether the server serves; at first it does.
  explicit StorageWatch(std::function<void(bool serving)> tell) : tell_(std::move(tell)) {}

  // To be called now and then.
  void Look(const journal::Health& health);
  // A namespace is served no more, until the server is started again: from the next look on it does not serve.
  // Thread safety: any.
  void NamespaceFailed(const std::string& trouble);

 private:
  const std::function<void(bool)> tell_;
  std::atomic<bool> has_failed_{false};
  bool serving_ = true;
  journal::Result logged_ = journal::Result::kOk;
};

}  // namespace sluice::server
