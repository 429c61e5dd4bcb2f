// What a durable append costs: namespaces that each have one batch in flight, against a loop of write and fdatasync
// that does nothing else, in the same directory and run.
//
//   journal_bench [DIRECTORY] [SECONDS of each line]
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include "server/journal/rocksdb_journal.h"

namespace sluice::journal {
namespace {

using Clock = std::chrono::steady_clock;

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Takes the time of one run, and prints its line.
class Run {
 public:
  void Add(Clock::duration latency) {
    latencies_.push_back(std::chrono::duration<double, std::micro>(latency).count());
  }
  void Print(const std::string& name, std::size_t items, std::size_t bytes) {
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    const double cpu = CpuSeconds() - cpu_;
    std::sort(latencies_.begin(), latencies_.end());
    const double count = static_cast<double>(latencies_.size());
    std::printf("%-34s %9.0f batches/s %9.0f items/s %7.1f MB/s  p50 %7.0f us  p99 %7.0f us  cpu %6.1f us a batch\n",
                name.c_str(), count / seconds, count * static_cast<double>(items) / seconds,
                count * static_cast<double>(bytes) / seconds * 1e-6, latencies_[latencies_.size() / 2],
                latencies_[latencies_.size() * 99 / 100], cpu / count * 1e6);
    std::fflush(stdout);
  }

 private:
  const Clock::time_point start_ = Clock::now();
  const double cpu_ = CpuSeconds();
  std::vector<double> latencies_{};
};

void BareLoop(const std::filesystem::path& directory, std::size_t items, std::size_t item_bytes, double seconds) {
  const std::string path = directory / "bare";
  const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  const std::string bytes(items * item_bytes, 'x');
  Run run;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < end) {
    const auto start = Clock::now();
    if (write(file, bytes.data(), bytes.size()) < 0 || fdatasync(file) != 0) std::abort();
    run.Add(Clock::now() - start);
  }
  run.Print("write + fdatasync", items, bytes.size());
  close(file);
  unlink(path.c_str());
}

// One namespace with one batch in flight: the answer sends the next, and trims what is old.
class Writer {
 public:
  Writer(Journal* journal, int number, std::size_t items, std::size_t item_bytes, Durability durability)
      : journal_(journal) {
    batch_.space = "space" + std::to_string(number);
    batch_.durability = durability;
    batch_.records.assign(items * 40, 'r');
    batch_.contents.assign(items * item_bytes, 'c');
    Extent extent;
    std::string error;
    if (journal_->Own(batch_.space, &extent, &error) != Result::kOk) std::abort();
    batch_.epoch = extent.epoch;
    batch_.position = extent.last;
  }

  void Start(Run* run, Clock::time_point end, std::counting_semaphore<>* finished) {
    run_ = run;
    end_ = end;
    finished_ = finished;
    Next();
  }
  std::size_t bytes() const { return batch_.records.size() + batch_.contents.size(); }

 private:
  void Next() {
    ++batch_.position;
    ++batch_.batch_id;
    if (batch_.position % 64 == 0) journal_->Trim(batch_.space, batch_.position - 64);
    start_ = Clock::now();
    journal_->Append(batch_, [this](Result result) {
      if (result != Result::kOk) std::abort();
      const auto now = Clock::now();
      run_->Add(now - start_);  // answers come from one thread
      if (now < end_) {
        Next();
      } else {
        finished_->release();
      }
    });
  }

  Journal* const journal_;
  Batch batch_;
  Run* run_ = nullptr;
  std::counting_semaphore<>* finished_ = nullptr;
  Clock::time_point start_{};
  Clock::time_point end_{};
};

void Append(const std::filesystem::path& directory, int spaces, std::size_t items, std::size_t item_bytes,
            Durability durability, double seconds) {
  Health failure;
  const auto journal = RocksDbJournal::Open(directory / "journal", {}, &failure);
  if (journal == nullptr) {
    std::fprintf(stderr, "%s\n", failure.text.c_str());
    std::exit(1);
  }
  std::vector<std::unique_ptr<Writer>> writers;
  for (int i = 0; i < spaces; ++i) {
    writers.push_back(std::make_unique<Writer>(journal.get(), i, items, item_bytes, durability));
  }
  std::counting_semaphore<> finished(0);
  Run run;
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  for (const auto& writer : writers) writer->Start(&run, end, &finished);
  for (int i = 0; i < spaces; ++i) finished.acquire();
  run.Print((durability == Durability::kFsync ? "fsync, namespaces: " : "async, namespaces: ") + std::to_string(spaces),
            items, writers.front()->bytes());
}

int Main(int argc, char** argv) {
  std::string pattern = std::filesystem::path(argc > 1 ? argv[1] : "/tmp") / "journal-bench-XXXXXX";
  const std::filesystem::path directory = mkdtemp(pattern.data());
  const double seconds = argc > 2 ? std::atof(argv[2]) : 1;
  for (const std::size_t item_bytes : {100, 1024}) {
    for (const std::size_t items : {1, 16, 256}) {
      std::printf("batches of %zu items of %zu bytes\n", items, item_bytes);
      BareLoop(directory, items, item_bytes + 40, seconds);
      for (const int spaces : {1, 8, 64}) Append(directory, spaces, items, item_bytes, Durability::kFsync, seconds);
      Append(directory, 8, items, item_bytes, Durability::kAsync, seconds);
    }
  }
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace sluice::journal

int main(int argc, char** argv) { return sluice::journal::Main(argc, argv); }
