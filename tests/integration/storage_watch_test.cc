// What health checks and the log hear of the storage.
#include "server/storage_watch.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>
#include <vector>

namespace sluice::server {
namespace {

using journal::Health;
using journal::Result;

class StorageWatchTest : public testing::Test {
 protected:
  StorageWatchTest() {
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log_)));
    spdlog::set_pattern("%v");
  }
  ~StorageWatchTest() override { spdlog::set_default_logger(before_); }

  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream log_;
  std::vector<bool> told_;
  StorageWatch watch_{[this](bool serving) { told_.push_back(serving); }};
};

TEST_F(StorageWatchTest, TellsTroubleAndItsEndOnce) {
  watch_.Look({});
  EXPECT_EQ(told_.size(), 0u);
  for (int i = 0; i < 3; ++i) watch_.Look({Result::kFull, "the disk is full: " + std::to_string(i) + " MiB are free"});
  EXPECT_EQ(told_, std::vector<bool>{false});
  for (int i = 0; i < 3; ++i) watch_.Look({});
  EXPECT_EQ(told_, (std::vector<bool>{false, true}));
  EXPECT_EQ(log_.str(),
            "storage trouble: the disk is full: 0 MiB are free\nhealth checks are told NOT_SERVING\n"
            "the storage is well again\nhealth checks are told SERVING\n");
}

TEST_F(StorageWatchTest, ANamespaceThatFailedIsNotForgotten) {
  watch_.NamespaceFailed("namespace 'a': it is damaged");
  watch_.Look({});
  watch_.Look({Result::kUnavailable, "it failed"});
  watch_.Look({});
  EXPECT_EQ(told_, std::vector<bool>{false});
  EXPECT_FALSE(watch_.serving());
  EXPECT_EQ(watch_.WithFailures({}).result, Result::kCorrupt);
  EXPECT_EQ(watch_.WithFailures({}).text, "namespace 'a': it is damaged");
  EXPECT_EQ(watch_.WithFailures({Result::kFull, "full"}).text, "full") << "the journal's own trouble comes first";
}

}  // namespace
}  // namespace sluice::server
