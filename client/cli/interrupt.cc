#include "client/cli/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <ctime>

namespace sluice::cli {
namespace {

// How long a stopped command may take to tidy up before it is ended. People call this "at once".
constexpr timespec kTidyUp{.tv_sec = 0, .tv_nsec = 300'000'000};

sigset_t Watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t set = Watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  watcher_ = std::thread([this] { Watch(); });
}

Interrupt::~Interrupt() {
  ended_ = true;
  pthread_kill(watcher_.native_handle(), SIGTERM);
  watcher_.join();
}

void Interrupt::Watch() {
  const sigset_t set = Watched();
  int received = 0;
  sigwait(&set, &received);
  if (ended_) return;
  signal_ = received;
  stop_.request_stop();
  if (graceful_) {
    sigwait(&set, &received);
    if (ended_) return;
    hard_stop_.request_stop();
    sigwait(&set, &received);
  } else {
    sigtimedwait(&set, nullptr, &kTidyUp);
  }
  if (!ended_) ::_exit(128 + signal_);
}

}  // namespace sluice::cli
