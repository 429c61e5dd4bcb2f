// Ctrl-C and SIGTERM as a stop token.
#pragma once

#include <stop_token>
#include <thread>

namespace pipeline {

// While it lives, SIGINT and SIGTERM do not end the process but request a stop. Make it before any other thread.
class Interrupt {
 public:
  Interrupt();

  std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::jthread thread_;  // last: ends before the rest goes
};

}  // namespace pipeline
