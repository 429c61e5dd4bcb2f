// Calls that are stopped while others of the same client are under way.
#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <sluice/client.h>

#include "tests/integration/server_fixture.h"

namespace sluice::test {
namespace {

class StopTest : public ServerTest {};

TEST_F(StopTest, EveryCallEndsWhateverItIsJustDoing) {
  for (int round = 0; round < 30; ++round) {
    const std::string name = "q" + std::to_string(round);
    Create(name, "maxsize: 5");
    const ClientOptions quiet{.lease = 5min};  // no heartbeat wakes who was forgotten
    const Client producer(TcpAddress(), quiet);
    const Client consumer(TcpAddress(), quiet);
    const auto in = producer.queue<std::string>(name);
    const auto out = consumer.queue<std::string>(name);
    std::stop_source stop;
    std::atomic<int> calls{0};
    const auto until_stopped = [&](auto call) {
      return std::async(std::launch::async, [&, call] {
        try {
          while (true) {
            call();
            ++calls;
          }
        } catch (const Cancelled&) {
        }
      });
    };
    std::vector<std::future<void>> threads;
    for (int i = 0; i < 4; ++i) {
      threads.push_back(until_stopped([&] { in.put("x", {.stop = stop.get_token()}); }));
      threads.push_back(until_stopped([&] { out.get({.stop = stop.get_token()}).done(); }));
    }
    while (calls < 200) std::this_thread::yield();
    stop.request_stop();
    for (auto& thread : threads) {
      EXPECT_EQ(thread.wait_for(kPatience), std::future_status::ready) << "round " << round;
    }
    if (!HasFailure()) continue;
    producer.close();
    consumer.close();
    return;
  }
}

}  // namespace
}  // namespace sluice::test
