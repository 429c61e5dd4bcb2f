// Tells the log and the health checks how the storage is, once when it changes.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <utility>

#include <sluice/mutex.h>
#include <sluice/thread_annotations.h>

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
  void NamespaceFailed(const std::string& trouble) SLUICE_EXCLUDES(mutex_);

  // What was told last. Thread safety: any.
  bool serving() const { return serving_.load(); }
  // That of the journal, and the first namespace that failed. Thread safety: any.
  journal::Health WithFailures(journal::Health health) const SLUICE_EXCLUDES(mutex_);

 private:
  const std::function<void(bool)> tell_;
  mutable Mutex mutex_;
  std::string failure_ SLUICE_GUARDED_BY(mutex_);
  std::atomic<bool> serving_{true};
  journal::Result logged_ = journal::Result::kOk;
};

}  // namespace sluice::server
