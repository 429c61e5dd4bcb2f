// Who is to be told when the server wants items of a queue back.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <sluice/mutex.h>

namespace sluice::detail {

class RecallReceiver {
 public:
  virtual ~RecallReceiver() = default;
  // Under no lock, in any thread. Must not block, throw, or run what a user wrote.
  virtual void Recalled() = 0;
};

// Thread safety: all methods may be called from any thread.
class RecallTable {
 public:
  // `queue`: "namespace/name". Until it is gone.
  void Add(std::string queue, std::weak_ptr<RecallReceiver> receiver) SLUICE_EXCLUDES(mutex_);
  // Tells those that care about one of these queues.
  void Recall(std::span<const std::string> queues) SLUICE_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::vector<std::pair<std::string, std::weak_ptr<RecallReceiver>>> receivers_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::detail
