// Where a thread goes to end without anybody waiting for it.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <sluice/mutex.h>

#include "client/cpp/src/fork_guard.h"

namespace sluice::detail {

// A destructor must not block (a link's), or runs in the very thread that is to end (a worker pool's, in a handler);
// yet no thread may outlive the process's static objects, which it uses. So threads that were told to end come here,
// and what is left of them is joined when the process ends. Each ends by itself: a link's within 100 ms or so, a pool's
// when its handler returns.
//
// Thread safety: all methods may be called from any thread.
class Reaper {
 public:
  // The process's one instance. Made before the threads, it is destroyed after static objects that own a client.
  static Reaper& Get();
  // Joins all that are here, and those that come while it does.
  ~Reaper() SLUICE_EXCLUDES(mutex_);

  // Takes over a thread; setting `ended` is the last thing it does.
  void Adopt(std::thread thread, std::shared_ptr<const std::atomic<bool>> ended) SLUICE_EXCLUDES(mutex_);

 private:
  struct Ending {
    std::thread thread;
    std::shared_ptr<const std::atomic<bool>> ended;
  };

  const ForkGuard fork_guard_;
  Mutex mutex_;
  std::vector<Ending> ending_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::detail
