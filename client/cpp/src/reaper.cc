#include "client/cpp/src/reaper.h"

#include <utility>

namespace sluice::detail {

Reaper& Reaper::Get() {
  static Reaper reaper;
  return reaper;
}

Reaper::~Reaper() {
  for (;;) {
    std::vector<Ending> ending;
    {
      MutexLock lock(mutex_);
      ending.swap(ending_);
    }
    if (ending.empty()) return;
    // Not under the lock: a thread that ends may own a client, whose own threads come here then.
    for (Ending& one : ending) {
      // In the child of a fork the thread does not exist; and exit() may have been called from it.
      const bool joinable = fork_guard_.SameProcess() && one.thread.get_id() != std::this_thread::get_id();
      joinable ? one.thread.join() : one.thread.detach();
    }
  }
}

void Reaper::Adopt(std::thread thread, std::shared_ptr<const std::atomic<bool>> ended) {
  MutexLock lock(mutex_);
  std::erase_if(ending_, [](Ending& ending) {
    if (!ending.ended->load(std::memory_order_acquire)) return false;
    ending.thread.join();  // at once: it has nothing left to do
    return true;
  });
  ending_.push_back({std::move(thread), std::move(ended)});
}

}  // namespace sluice::detail
