// The thread that runs the callbacks of a client's asynchronous operations.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <sluice/mutex.h>

namespace sluice::detail {

// Not the thread that reads answers: what a user's callback does, a blocking call on the client included, keeps no
// answer from any other thread. Starts with the first callback. When it is destroyed it does not wait: what was given
// to it still runs, in the thread's last moments.
//
// Thread safety: all methods may be called from any thread.
class CallbackThread {
 public:
  CallbackThread() = default;
  ~CallbackThread();

  // Calls run one after the other, in the order of Run. A call that throws ends the program.
  void Run(std::function<void()> call);

 private:
  struct State {
    Mutex mutex;
    CondVar changed;
    std::vector<std::function<void()>> calls SLUICE_GUARDED_BY(mutex);
    bool ending SLUICE_GUARDED_BY(mutex) = false;

    void Work() noexcept SLUICE_EXCLUDES(mutex);
  };

  const std::shared_ptr<State> state_ = std::make_shared<State>();  // shared with the thread
  const std::shared_ptr<std::atomic<bool>> ended_ = std::make_shared<std::atomic<bool>>(false);
  std::thread thread_;  // guarded by the state's mutex
};

}  // namespace sluice::detail
