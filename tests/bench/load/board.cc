#include "tests/bench/load/board.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace sluice::load {
namespace {

constexpr std::uint64_t kGraceNs = 15'000'000'000;  // after the end, for what is still to be finished

}  // namespace

Board::Board(const std::string& path, std::size_t slot) : own_(kWordsPerSlot * (1 + slot)) {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  struct stat status {};
  if (file < 0 || ::fstat(file, &status) != 0) throw std::runtime_error("cannot open the board " + path);
  bytes_ = static_cast<std::size_t>(status.st_size);
  void* memory = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (memory == MAP_FAILED) throw std::runtime_error("cannot map the board " + path);
  words_ = static_cast<std::atomic<std::uint64_t>*>(memory);
  marks_ = static_cast<std::atomic<std::uint8_t>*>(memory) + kMarks;
}

Board::~Board() { ::munmap(words_, bytes_); }

std::uint64_t Board::Sum(Counter counter) const {
  std::uint64_t sum = 0;
  for (std::size_t slot = 0; slot < Word(kSlots); ++slot) sum += Word(kWordsPerSlot * (1 + slot) + counter);
  return sum;
}

bool Board::HasRoom(std::size_t more) const {
  // Signed: an item may be finished before its producer has counted it.
  const auto open = static_cast<std::int64_t>(Sum(kPut) - Sum(kFinished));
  return open + static_cast<std::int64_t>(more) <= static_cast<std::int64_t>(Word(kLimit));
}

bool Board::IsOver() const {
  if (Word(kEnded) != 0 && Sum(kFinished) >= Sum(kPut)) return true;
  return NowNs() > Word(kEnd) + kGraceNs;
}

void Board::Add(Counter counter, std::size_t items) { words_[own_ + counter].fetch_add(items); }
void Board::AddPut(std::size_t items) { Add(kPut, items); }
void Board::AddCalling() { Add(kCalling, 1); }

void Board::Mark(std::string_view item) {
  std::uint64_t number = 0;
  std::memcpy(&number, item.data(), std::min(sizeof number, item.size()));
  if (item.size() < sizeof number || number >= bytes_ - kMarks) throw std::out_of_range("an item that nobody put");
  marks_[number].fetch_add(1, std::memory_order_relaxed);
}

void Board::AddFinished(std::size_t items) {
  const std::uint64_t now = NowNs();
  if (IsMeasured(now, now)) Add(kMeasured, items);
  Add(kFinished, items);
}

bool Board::IsMeasured(std::uint64_t begin_ns, std::uint64_t end_ns) const {
  return begin_ns >= Word(kStart) && end_ns < Word(kEnd);
}

void Board::Add(const Latencies& latencies) {
  static_assert((kLatencies + Latencies::kSteps) * sizeof(std::uint64_t) <= kMarks);
  for (std::size_t step = 0; step < Latencies::kSteps; ++step) {
    if (latencies.counts()[step] > 0) words_[kLatencies + step].fetch_add(latencies.counts()[step]);
  }
}

void Board::StampFirstPut() {
  std::uint64_t none = 0;
  words_[kFirstPut].compare_exchange_strong(none, NowNs());
}

void Board::StampServed() {
  const std::uint64_t now = NowNs();
  std::uint64_t last = words_[kLastServed].load();
  while (last < now && !words_[kLastServed].compare_exchange_weak(last, now)) {
  }
}

void Board::Number(std::string& item, std::uint64_t number) { std::memcpy(item.data(), &number, sizeof number); }

}  // namespace sluice::load
