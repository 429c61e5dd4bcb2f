#include "client/cli/bench_burst.h"

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

namespace sluice::cli {
namespace {

constexpr std::chrono::milliseconds kLook{5};  // between two looks at how many wait

class Burst {
 public:
  Burst(BenchRun& run, const BenchRun::TextQueue& put_queue, const BenchRun::TextQueue& get_queue)
      : run_(run),
        put_queue_(put_queue),
        get_queue_(get_queue),
        unserved_(static_cast<std::ptrdiff_t>(run.options().count)) {}

  BenchResult Run() {
    std::vector<std::thread> getters;
    run_.Guard([&](BenchRun::Part& part) {
      while (getters.size() < run_.options().count) {
        getters.emplace_back([this] { run_.Guard([this](BenchRun::Part& own) { Get(own); }); });
      }
      AwaitParked();
      first_put_ = BenchRun::Clock::now();
      while (run_.PutBatch(put_queue_, part) > 0) {
      }
    });
    // Those that could not be started are not waited for.
    if (getters.size() < run_.options().count) {
      unserved_.count_down(static_cast<std::ptrdiff_t>(run_.options().count - getters.size()));
    }
    for (std::thread& getter : getters) getter.join();
    return run_.Result(last_served_.load() - first_put_.load());
  }

 private:
  // Settles its item when everybody has one: that takes time of its own.
  void Get(BenchRun::Part& part) {
    std::vector<BenchRun::TextQueue::task_type> tasks;
    try {
      tasks = get_queue_.get_many(1, {.stop = run_.stop_token()});
    } catch (...) {
      unserved_.count_down();
      throw;
    }
    const auto now = BenchRun::Clock::now();
    for (auto last = last_served_.load(); last < now && !last_served_.compare_exchange_weak(last, now);) {
    }
    unserved_.arrive_and_wait();
    part.get.Record(now - first_put_.load());
    run_.Finish(tasks, get_queue_, part);
  }

  void AwaitParked() const {
    while (put_queue_.stats().waiting_getters < run_.options().count && !run_.stop_token().stop_requested()) {
      std::this_thread::sleep_for(kLook);
    }
  }

  BenchRun& run_;
  const BenchRun::TextQueue& put_queue_;
  const BenchRun::TextQueue& get_queue_;
  std::latch unserved_;
  std::atomic<BenchRun::Clock::time_point> first_put_{BenchRun::Clock::time_point()};
  std::atomic<BenchRun::Clock::time_point> last_served_{BenchRun::Clock::time_point()};
};

}  // namespace

BenchResult RunBurst(BenchRun& run, const BenchRun::TextQueue& put_queue, const BenchRun::TextQueue& get_queue) {
  return Burst(run, put_queue, get_queue).Run();
}

}  // namespace sluice::cli
