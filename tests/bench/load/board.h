// What the processes of one run share: a file in memory with the counters of each process and a byte for each item.
// tests/bench/boards.py makes it and reads the result; both describe the same bytes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/bench/load/latencies.h"

namespace sluice::load {

// Nanoseconds of the monotonic clock, which all processes of a machine share.
inline std::uint64_t NowNs() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

// Thread safety: all methods may be called from any thread of any process.
class Board {
 public:
  // `slot`: the counters that this process writes. Throws std::runtime_error.
  Board(const std::string& path, std::size_t slot);
  ~Board();
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  std::uint64_t end_ns() const { return Word(kEnd); }
  // How many items each producing thread has numbers for: lane * lane_items() is its first.
  std::uint64_t lane_items() const { return Word(kLaneItems); }
  // Items of this run that are put and not finished stay below the limit; true when `more` fit.
  bool HasRoom(std::size_t more) const;
  // Every producer has ended and everything is finished, or it is too late for that.
  bool IsOver() const;

  void AddPut(std::size_t items);
  void AddCalling();  // one more parked getter is about to wait
  // One more item was delivered; std::out_of_range when nobody can have put it.
  void Mark(std::string_view item);
  void AddFinished(std::size_t items);  // counted as measured when it is within the window of the run
  // Whether a call that began then, and ends now, is within the window.
  bool IsMeasured(std::uint64_t begin_ns, std::uint64_t end_ns) const;
  void Add(const Latencies& latencies);

  void StampFirstPut();
  void StampServed();

  static void Number(std::string& item, std::uint64_t number);  // item: at least kMinItemBytes

  static constexpr std::size_t kMinItemBytes = 16;

 private:
  enum Field : std::size_t { kLimit, kSlots, kLaneItems, kStart, kEnd, kEnded, kFirstPut, kLastServed };
  enum Counter : std::size_t { kPut, kFinished, kMeasured, kCalling };
  static constexpr std::size_t kWordsPerSlot = 8;
  static constexpr std::size_t kLatencies = 520;  // word
  static constexpr std::size_t kMarks = 8192;     // offset of the bytes of the items

  std::uint64_t Word(std::size_t index) const { return words_[index].load(std::memory_order_acquire); }
  std::uint64_t Sum(Counter counter) const;
  void Add(Counter counter, std::size_t items);

  std::atomic<std::uint64_t>* words_ = nullptr;
  std::atomic<std::uint8_t>* marks_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t own_ = 0;  // the first word of our slot
};

}  // namespace sluice::load
