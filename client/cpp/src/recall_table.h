// Who is to be told when the server wants items of a queue back.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sluice/mutex.h>

#include "common/ids.h"

namespace sluice::detail {

class RecallReceiver {
 public:
  virtual ~RecallReceiver() = default;
  // Under no lock, in any thread. Must not block, throw, or run what a user wrote.
  virtual void Recalled(Fence last) = 0;
};

// Thread safety: all methods may be called from any thread.
class RecallTable {
 public:
  // `queue`: "namespace/name". Until it is gone.
  void Add(std::string queue, std::weak_ptr<RecallReceiver> receiver) SLUICE_EXCLUDES(mutex_);
  // Tells those that care about this queue. `last`: of what is recalled; its answer may be still to come.
  void Recall(const std::string& queue, Fence last) SLUICE_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::vector<std::pair<std::string, std::weak_ptr<RecallReceiver>>> receivers_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::detail
