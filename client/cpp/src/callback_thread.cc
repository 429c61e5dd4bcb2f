#include "client/cpp/src/callback_thread.h"

#include <utility>

#include "client/cpp/src/reaper.h"

namespace sluice::detail {

void CallbackThread::State::Work() noexcept {
  std::vector<std::function<void()>> now;
  for (;;) {
    {
      MutexLock lock(mutex);
      while (calls.empty() && !ending) changed.Wait(mutex);
      if (calls.empty()) return;
      now.swap(calls);
    }
    for (std::function<void()>& call : now) std::exchange(call, nullptr)();
    now.clear();
  }
}

void CallbackThread::Run(std::function<void()> call) {
  MutexLock lock(state_->mutex);
  state_->calls.push_back(std::move(call));
  if (state_->calls.size() == 1) state_->changed.NotifyOne();
  if (thread_.joinable()) return;
  Reaper::Get();
  thread_ = std::thread([state = state_, ended = ended_] {
    state->Work();
    ended->store(true, std::memory_order_release);
  });
}

CallbackThread::~CallbackThread() {
  MutexLock lock(state_->mutex);
  if (!thread_.joinable()) return;
  state_->ending = true;
  state_->changed.NotifyOne();
  Reaper::Get().Adopt(std::move(thread_), ended_);
}

}  // namespace sluice::detail
