// SIGINT and SIGTERM as stop tokens: what waits ends at once, what works may finish.
#pragma once

#include <atomic>
#include <functional>
#include <stop_token>
#include <thread>

namespace sluice::cli {

// One per process, made before any other thread: it blocks both signals for all threads that are started later.
//
// Prompt (from the start): the first signal requests the stop; when the process has not ended a moment later (it was
// in a call that no token ends), it is ended. Graceful: the first signal only requests the stop, the second the
// hard stop, the third ends the process.
//
// Thread safety: all methods may be called from any thread.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  std::stop_token token() const { return stop_.get_token(); }
  std::stop_token hard_token() const { return hard_stop_.get_token(); }
  // 0 until a signal came.
  int signal() const { return signal_; }
  void BeGraceful() { graceful_ = true; }

 private:
  void Watch();

  std::stop_source stop_;
  std::stop_source hard_stop_;
  std::atomic<int> signal_{0};
  std::atomic<bool> graceful_{false};
  std::atomic<bool> ended_{false};
  std::thread watcher_;  // sits in sigwait; the destructor wakes it with a signal of its own
};

}  // namespace sluice::cli
