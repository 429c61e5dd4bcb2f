#include "client/cpp/examples/pipeline/interrupt.h"

#include <signal.h>

#include <ctime>

namespace pipeline {

Interrupt::Interrupt() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::jthread([signals, stop = stop_](std::stop_token ended) mutable {
    const timespec now_and_then{0, 100'000'000};
    while (!ended.stop_requested()) {
      if (sigtimedwait(&signals, nullptr, &now_and_then) > 0) stop.request_stop();
    }
  });
}

}  // namespace pipeline
