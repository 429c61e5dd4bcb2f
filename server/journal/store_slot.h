// Where the store is while it is open. After a failure it is closed and opened anew, which must wait for its readers.
#pragma once

#include <memory>
#include <utility>

#include <sluice/mutex.h>
#include <sluice/thread_annotations.h>

#include "server/journal/store.h"

namespace sluice::journal {

// Thread safety: Get may be called from any thread, Set and Close from one.
class StoreSlot {
 public:
  StoreSlot() = default;
  ~StoreSlot() { Close(); }
  StoreSlot(const StoreSlot&) = delete;
  StoreSlot& operator=(const StoreSlot&) = delete;

  // Null: it is closed. It stays open as long as the pointer is held.
  std::shared_ptr<Store> Get() const {
    MutexLock lock(mutex_);
    return store_;
  }

  // Requires: it is closed.
  void Set(std::unique_ptr<Store> store) {
    MutexLock lock(mutex_);
    is_open_ = true;
    store_ = std::shared_ptr<Store>(store.release(), [this](Store* last) {
      delete last;
      MutexLock inner(mutex_);
      is_open_ = false;
      closed_.NotifyAll();
    });
  }

  // Blocks: until nobody reads any more.
  void Close() {
    std::shared_ptr<Store> store;
    {
      MutexLock lock(mutex_);
      store = std::move(store_);
    }
    if (store != nullptr) store->EndLongWork();
    store.reset();  // under no lock: it may be the last
    MutexLock lock(mutex_);
    while (is_open_) closed_.Wait(mutex_);
  }

 private:
  mutable Mutex mutex_;
  CondVar closed_;
  bool is_open_ SLUICE_GUARDED_BY(mutex_) = false;
  std::shared_ptr<Store> store_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::journal
