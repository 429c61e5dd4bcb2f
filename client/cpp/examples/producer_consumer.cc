// The demonstration of the guides: producers and consumers around one bounded queue, for a while.
//
//   producer_consumer [--capacity 5] [--producers 3] [--consumers 2] [--run-time SECONDS] [--embedded]
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <sluice/client.h>

namespace {

using std::chrono::milliseconds;

struct Options {
  std::int64_t capacity = 5;
  int producers = 3;
  int consumers = 2;
  double run_time_seconds = 5;
  bool embedded = false;
};

// Throws std::invalid_argument for what is no number.
Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const auto value = [&] { return i + 1 < argc ? std::stod(argv[++i]) : throw std::invalid_argument(flag); };
    if (flag == "--capacity") {
      options.capacity = static_cast<std::int64_t>(value());
    } else if (flag == "--producers") {
      options.producers = static_cast<int>(value());
    } else if (flag == "--consumers") {
      options.consumers = static_cast<int>(value());
    } else if (flag == "--run-time") {
      options.run_time_seconds = value();
    } else if (flag == "--embedded") {
      options.embedded = true;
    } else {
      throw std::invalid_argument(flag);
    }
  }
  return options;
}

// Waits, but no longer than until the token stops.
void Pause(const std::stop_token& stop, milliseconds time) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_for(lock, stop, time, [] { return false; });
}

// Lines of several threads do not mix.
void Say(const std::string& line) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::cout << line << std::endl;
}

void Produce(std::stop_token stop, const sluice::Queue<std::string>& queue, int number, std::atomic<int>& produced) {
  for (int i = 0; !stop.stop_requested(); ++i) {
    const std::string item = std::to_string(number) + "-" + std::to_string(i);
    try {
      queue.put(item, {.stop = stop});  // waits while the queue is full
    } catch (const sluice::Cancelled&) {
      return;
    }
    ++produced;
    Say("producer " + std::to_string(number) + " put " + item);
    Pause(stop, milliseconds(50));
  }
}

void Consume(const sluice::Queue<std::string>& queue, int number, std::atomic<int>& consumed) {
  try {
    while (true) {
      auto task = queue.get({.until_finished = true});  // waits while the queue is empty
      Say("consumer " + std::to_string(number) + " got " + task.value());
      std::this_thread::sleep_for(milliseconds(100));  // the work
      task.done();
      ++consumed;
    }
  } catch (const sluice::ShutDown&) {
    // All is finished.
  }
}

void RunDemo(const Options& options) {
  const auto client = options.embedded ? sluice::Client::embedded() : sluice::Client::from_environment();
  const std::string name = "example-demo-" + std::to_string(getpid());
  client.create(name, {.maxsize = options.capacity});
  const auto queue = client.queue<std::string>(name);

  std::atomic<int> produced = 0;
  std::atomic<int> consumed = 0;
  {
    std::vector<std::jthread> consumers;  // end by themselves when the queue is finished
    std::vector<std::jthread> producers;  // stopped and joined first: declared last
    for (int i = 1; i <= options.consumers; ++i) consumers.emplace_back([&, i] { Consume(queue, i, consumed); });
    for (int i = 1; i <= options.producers; ++i) {
      producers.emplace_back([&, i](std::stop_token stop) { Produce(std::move(stop), queue, i, produced); });
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(options.run_time_seconds));
    for (auto& producer : producers) producer.request_stop();
    for (auto& producer : producers) producer.join();
    queue.shutdown();
    queue.join();
  }
  client.remove(name);
  Say(std::to_string(produced) + " produced, " + std::to_string(consumed) + " consumed");
}

}  // namespace

int main(int argc, char** argv) try { RunDemo(Parse(argc, argv)); } catch (const std::invalid_argument&) {
  std::cerr << "usage: producer_consumer [--capacity N] [--producers N] [--consumers N] [--run-time SECONDS]"
            << " [--embedded]\n";
  return EXIT_FAILURE;
} catch (const std::exception& error) {
  std::cerr << "producer_consumer: " << error.what() << "\n";
  return EXIT_FAILURE;
}
