// How much a client's asynchronous puts may have unanswered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>

#include <sluice/mutex.h>
#include <sluice/options.h>

namespace sluice::detail {

enum class WhenFull : std::uint8_t { kWait, kRefuse };

// Thread safety: all methods may be called from any thread.
class PutWindow {
 public:
  // Requires: nothing is unanswered yet.
  void SetLimits(const PutWindowOptions& limits) SLUICE_EXCLUDES(mutex_);

  // Takes room for one put. More bytes than the window has are let in alone.
  // Blocks (kWait): until there is room. Throws LimitReached (kRefuse, or in a callback of a task's stop_token, where
  // nothing may wait), Cancelled (`stop`).
  void Enter(std::size_t bytes, WhenFull when_full, const std::stop_token& stop) SLUICE_EXCLUDES(mutex_);
  void Leave(std::size_t bytes) SLUICE_EXCLUDES(mutex_);

 private:
  bool HasRoom(std::size_t bytes) const SLUICE_REQUIRES(mutex_);

  Mutex mutex_;
  CondVar changed_;
  PutWindowOptions limits_ SLUICE_GUARDED_BY(mutex_);
  std::size_t puts_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::size_t bytes_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::size_t waiting_ SLUICE_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice::detail
