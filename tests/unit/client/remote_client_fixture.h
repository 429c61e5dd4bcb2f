// A client whose server is the test: connected, its first stream greeted.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include <gtest/gtest.h>
#include <sluice/client.h>

#include "tests/support/fake_session_server.h"

namespace sluice::testing {

class RemoteClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    using namespace std::chrono_literals;
    std::thread greeter([&] {
      stream_ = server_.NextStream();
      stream_->Hello();
      stream_->Welcome(7);
    });
    client_.emplace(server_.address(), ClientOptions{.connect_timeout = 10s, .min_backoff = 5ms, .max_backoff = 20ms});
    greeter.join();
  }

  FakeSessionServer server_;
  std::shared_ptr<FakeStream> stream_;
  std::optional<Client> client_;
};

}  // namespace sluice::testing
