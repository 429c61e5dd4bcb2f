// A loop over 0..count-1 on all processors.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace pipeline {

// Calls step(index) for each index once, from several threads. Rethrows the first exception after all have ended;
// steps that were not begun by then are left out.
template <typename Step>
void ForEachIndex(std::size_t count, const Step& step) {
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  std::exception_ptr failure;
  {
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < std::max(1u, std::thread::hardware_concurrency()); ++thread) {
      threads.emplace_back([&] {
        try {
          for (std::size_t index = next++; index < count && !failed; index = next++) step(index);
        } catch (...) {
          if (!failed.exchange(true)) failure = std::current_exception();
        }
      });
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace pipeline
