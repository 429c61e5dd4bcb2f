#include "client/cpp/src/fork_guard.h"

#include <pthread.h>

#include <atomic>

namespace sluice::detail {
namespace {

std::atomic<unsigned> generation{0};

void CountFork() { generation.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

ForkGuard::ForkGuard() {
  static const int registered = pthread_atfork(nullptr, nullptr, CountFork);
  static_cast<void>(registered);
  generation_ = generation.load(std::memory_order_relaxed);
}

bool ForkGuard::SameProcess() const noexcept { return generation_ == generation.load(std::memory_order_relaxed); }

}  // namespace sluice::detail
