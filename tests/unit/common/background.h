// A call in a thread of its own, and how it ended. Every wait is bounded.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <iostream>
#include <ostream>
#include <thread>
#include <utility>

#include <sluice/error.h>

namespace sluice {

inline void PrintTo(Reason reason, std::ostream* out) { *out << ReasonName(reason); }

namespace testing {

inline constexpr std::chrono::seconds kPatience{20};

// The reason of the error that `call` throws, or kOk.
template <typename Call>
Reason ReasonOf(Call&& call) {
  try {
    std::forward<Call>(call)();
    return Reason::kOk;
  } catch (const Error& error) {
    return error.reason();
  }
}

// Waits until `condition` holds; ends the program when it never does: threads that hang cannot be cleaned up.
template <typename Condition>
void Eventually(Condition&& condition) {
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) {
      std::cerr << "waited too long" << std::endl;
      std::abort();
    }
    std::this_thread::yield();
  }
}

class Background {
 public:
  explicit Background(std::function<void()> call)
      : reason_(std::async(std::launch::async, [call = std::move(call)] { return ReasonOf(call); })) {}

  bool Running() const { return reason_.wait_for(std::chrono::seconds(0)) != std::future_status::ready; }
  // Waits for the end of the call.
  Reason Ended() {
    Eventually([this] { return !Running(); });
    return reason_.get();
  }

 private:
  std::future<Reason> reason_;
};

}  // namespace testing
}  // namespace sluice
