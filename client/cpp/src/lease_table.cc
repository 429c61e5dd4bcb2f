#include "client/cpp/src/lease_table.h"

#include <utility>

namespace sluice::detail {
namespace {

thread_local bool in_stop_callback = false;

}  // namespace

bool InStopCallback() noexcept { return in_stop_callback; }

std::uint64_t LeaseTable::Watch(Epoch epoch, std::stop_source source) {
  {
    MutexLock lock(mutex_);
    if (epoch == epoch_.load(std::memory_order_relaxed)) {
      sources_.emplace(next_watch_, std::move(source));
      return next_watch_++;
    }
  }
  source.request_stop();  // nobody has its token yet
  return 0;
}

void LeaseTable::Unwatch(std::uint64_t watch) {
  if (watch == 0) return;
  MutexLock lock(mutex_);
  sources_.erase(watch);
}

std::vector<std::stop_source> LeaseTable::LoseAll() {
  MutexLock lock(mutex_);
  epoch_.fetch_add(1, std::memory_order_release);
  std::vector<std::stop_source> lost;
  lost.reserve(sources_.size());
  for (auto& [watch, source] : sources_) lost.push_back(std::move(source));
  sources_.clear();
  return lost;
}

void LeaseTable::Stop(std::vector<std::stop_source> lost) {
  const bool nested = std::exchange(in_stop_callback, true);
  for (std::stop_source& source : lost) source.request_stop();
  in_stop_callback = nested;
}

}  // namespace sluice::detail
