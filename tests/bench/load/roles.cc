#include "tests/bench/load/roles.h"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <iostream>
#include <latch>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::load {
namespace {

constexpr std::chrono::milliseconds kWait{200};                    // of a get that checks whether the run is over
constexpr std::chrono::seconds kParked{60};                        // of a getter that waits for its one item
constexpr std::chrono::microseconds kNoRoomPause{50};              // of a producer that is far ahead
constexpr std::size_t kParkedStackBytes = std::size_t{256} << 10;  // ten thousand threads of them

using Connect = std::unique_ptr<Driver> (System::*)();
using Part = std::function<void(Driver&, std::size_t thread)>;

void AwaitGo() {
  std::cout << "ready" << std::endl;
  std::string line;
  std::getline(std::cin, line);
}

// Connects every thread, waits for the go, and lets them run `part`. Throws the first exception of any.
void RunThreads(System& system, std::size_t count, Connect connect, const Part& part) {
  std::mutex mutex;
  std::exception_ptr error;
  bool failed = false;  // not all could connect; written before the go
  std::latch connected(static_cast<std::ptrdiff_t>(count));
  std::latch go(1);
  const auto body = [&](std::size_t index) {
    bool counted = false;
    try {
      const std::unique_ptr<Driver> driver = (system.*connect)();
      counted = true;
      connected.count_down();
      go.wait();
      if (!failed) part(*driver, index);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
      if (!counted) connected.count_down();
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back(body, i);
  connected.wait();
  {
    const std::lock_guard lock(mutex);
    failed = error != nullptr;
  }
  if (!failed) AwaitGo();
  go.count_down();
  for (std::thread& thread : threads) thread.join();
  if (error) std::rethrow_exception(error);
}

// The items of one producing thread, numbered as they are handed out.
class Lane {
 public:
  Lane(const Board& board, const Load& load, std::size_t thread)
      : next_((load.lane + thread) * board.lane_items()),
        end_(next_ + board.lane_items()),
        items_(load.batch, std::string(load.item_bytes, 'x')) {}

  bool HasMore() const { return end_ - next_ >= items_.size(); }
  const std::vector<std::string>& Next() {
    for (std::string& item : items_) Board::Number(item, next_++);
    return items_;
  }
  void Shrink(std::size_t items) { items_.resize(std::min(items, items_.size())); }

 private:
  std::uint64_t next_;
  const std::uint64_t end_;
  std::vector<std::string> items_;
};

// As std::latch, but who waits sleeps at once: one that spins takes the processor from those that are still to be
// served.
class Meeting {
 public:
  explicit Meeting(std::size_t expected) : missing_(expected) {}

  void Arrive() {
    const std::lock_guard lock(mutex_);
    if (--missing_ == 0) complete_.notify_all();
  }
  void ArriveAndWait() {
    Arrive();
    std::unique_lock lock(mutex_);
    complete_.wait(lock, [this] { return missing_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable complete_;
  std::size_t missing_;
};

// Returns how many came.
std::size_t GetAndFinish(Driver& driver, Board& board, std::size_t most, std::chrono::milliseconds wait) {
  const std::vector<std::string_view>& items = driver.Get(most, wait);
  const std::size_t count = items.size();
  if (count == 0) return 0;
  for (const std::string_view item : items) board.Mark(item);
  driver.Done();
  board.AddFinished(count);
  return count;
}

}  // namespace

void Produce(System& system, Board& board, const Load& load) {
  RunThreads(system, load.threads, &System::ConnectProducer, [&](Driver& driver, std::size_t thread) {
    Lane lane(board, load, thread);
    Latencies latencies;
    while (NowNs() < board.end_ns() && lane.HasMore()) {
      if (!board.HasRoom(load.batch)) {
        std::this_thread::sleep_for(kNoRoomPause);
        continue;
      }
      const std::vector<std::string>& items = lane.Next();
      const std::uint64_t begin = load.latency ? NowNs() : 0;
      driver.Put(items);
      const std::uint64_t end = load.latency ? NowNs() : 0;
      if (load.latency && board.IsMeasured(begin, end)) latencies.Add(end - begin);
      board.AddPut(load.batch);
    }
    board.Add(latencies);
  });
}

void Consume(System& system, Board& board, const Load& load) {
  RunThreads(system, load.threads, &System::ConnectConsumer, [&](Driver& driver, std::size_t) {
    while (!board.IsOver()) GetAndFinish(driver, board, load.batch, kWait);
  });
}

void Cycle(System& system, Board& board, const Load& load) {
  RunThreads(system, load.threads, &System::ConnectBoth, [&](Driver& driver, std::size_t thread) {
    Lane lane(board, load, thread);
    while (NowNs() < board.end_ns() && lane.HasMore()) {
      driver.Put(lane.Next());
      board.AddPut(load.batch);
      for (std::size_t got = 0; got < load.batch && !board.IsOver();) {
        got += GetAndFinish(driver, board, load.batch - got, kWait);
      }
    }
  });
}

void Park(System& system, Board& board, const Load& load) {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kParkedStackBytes);
  ::pthread_setattr_default_np(&attributes);
  Meeting served(load.threads);
  RunThreads(system, load.threads, &System::ConnectConsumer, [&](Driver& driver, std::size_t) {
    std::vector<std::string_view> items;
    try {
      board.AddCalling();
      items = driver.Get(1, kParked);
    } catch (...) {
      served.Arrive();
      throw;
    }
    if (!items.empty()) board.StampServed();
    served.ArriveAndWait();  // how long it takes to settle them is not in question
    if (items.empty()) return;
    for (const std::string_view item : items) board.Mark(item);
    driver.Done();
    board.AddFinished(items.size());
  });
}

void Burst(System& system, Board& board, const Load& load) {
  RunThreads(system, 1, &System::ConnectProducer, [&](Driver& driver, std::size_t) {
    Lane lane(board, load, 0);
    board.StampFirstPut();
    for (std::uint64_t left = load.count; left > 0;) {
      lane.Shrink(left);
      const std::vector<std::string>& items = lane.Next();
      driver.Put(items);
      board.AddPut(items.size());
      left -= items.size();
    }
  });
}

}  // namespace sluice::load
