// Brings memory that is used soon into the processor's cache. What has waited in a queue is far away: reached for when
// it is needed, each of its lines costs as much as all the work on it.
#pragma once

#include <algorithm>
#include <cstddef>

namespace sluice {

inline constexpr std::size_t kCacheLineBytes = 64;
inline constexpr std::size_t kMostFetchedBytes = 8 * kCacheLineBytes;  // of one piece: the processor goes on by itself

namespace detail {

template <int kWrites>
void Fetch(const void* begin, std::size_t bytes) {
  if (begin == nullptr) return;
  const auto* const memory = static_cast<const char*>(begin);
  for (std::size_t at = 0; at < std::min(bytes, kMostFetchedBytes); at += kCacheLineBytes) {
    __builtin_prefetch(memory + at, kWrites);
  }
}

}  // namespace detail

// Null: nothing happens.
inline void FetchToRead(const void* begin, std::size_t bytes) { detail::Fetch<0>(begin, bytes); }
// It will be written, and other processors lose their copies.
inline void FetchToWrite(const void* begin, std::size_t bytes) { detail::Fetch<1>(begin, bytes); }

}  // namespace sluice
