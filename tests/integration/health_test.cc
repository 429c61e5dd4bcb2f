// What tools ask a gRPC server: are you well, and what can you do.
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/integration/raw_call.h"

namespace sluice::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kCheck[] = "/grpc.health.v1.Health/Check";
constexpr char kWatch[] = "/grpc.health.v1.Health/Watch";

class HealthTest : public ServerTest {};

TEST_F(HealthTest, ServesAsAWholeAndByService) {
  EXPECT_EQ(CallRaw(NewChannel(), kCheck, ""), "\x08\x01");
  const std::string service = "sluice.v1.QueueService";
  EXPECT_EQ(CallRaw(NewChannel(), kCheck, "\x0a" + std::string(1, static_cast<char>(service.size())) + service),
            "\x08\x01");
}

TEST_F(HealthTest, DoesNotKnowOtherServices) {
  EXPECT_EQ(CallRaw(NewChannel(), kCheck, "\x0a\x04nope"), "!" + std::to_string(grpc::StatusCode::NOT_FOUND));
}

TEST_F(HealthTest, ReflectionListsTheServicesAndTheirFiles) {
  RawStream reflection(NewChannel(), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
  ASSERT_TRUE(reflection.Write(std::string("\x3a\x00", 2)));  // list_services
  const std::string services = reflection.Read();
  EXPECT_THAT(services, HasSubstr("sluice.v1.QueueService"));
  EXPECT_THAT(services, HasSubstr("sluice.v1.AdminService"));
  EXPECT_THAT(services, HasSubstr("grpc.health.v1.Health"));
  const std::string symbol = "sluice.v1.QueueService";
  ASSERT_TRUE(reflection.Write("\x22" + std::string(1, static_cast<char>(symbol.size())) + symbol));
  EXPECT_THAT(reflection.Read(), HasSubstr("sluice/v1/queue.proto"));
}

TEST_F(HealthTest, ReflectionTellsFilesWithWhatTheyImportAndSaysWhatItDoesNotKnow) {
  RawStream reflection(NewChannel(), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
  const auto ask = [&](int field, const std::string& text) {
    EXPECT_TRUE(
        reflection.Write(static_cast<char>(field << 3 | 2) + std::string(1, static_cast<char>(text.size())) + text));
    return reflection.Read();
  };
  const std::string admin = ask(3, "sluice/v1/admin.proto");
  EXPECT_THAT(admin, AllOf(HasSubstr("CreateQueue"), HasSubstr("QueueSettings"))) << "with queue.proto";
  EXPECT_THAT(ask(4, "grpc.health.v1.Health"), HasSubstr("HealthCheckRequest"));
  EXPECT_THAT(ask(3, "no.proto"), HasSubstr("no file no.proto"));
  EXPECT_THAT(ask(4, "no.Such"), HasSubstr("no symbol no.Such"));
  EXPECT_THAT(ask(6, "sluice.v1.Item"), HasSubstr("sluice.v1.Item")) << "which has no extensions";
  EXPECT_THAT(ask(6, "no.Such"), HasSubstr("no message no.Such"));
  EXPECT_THAT(ask(5, "\x0a\x02no\x10\x07"), HasSubstr("no extension 7 of no"));
  ASSERT_TRUE(reflection.Write(""));
  EXPECT_THAT(reflection.Read(), HasSubstr("asks nothing"));
}

TEST_F(HealthTest, WhoWatchesIsToldWhenTheServerStops) {
  RawStream all(NewChannel(), kWatch), unknown(NewChannel(), kWatch);
  ASSERT_TRUE(all.Write(""));
  ASSERT_TRUE(unknown.Write("\x0a\x04nope"));
  EXPECT_EQ(all.Read(), "\x08\x01") << "SERVING";
  EXPECT_EQ(unknown.Read(), "\x08\x03") << "SERVICE_UNKNOWN";
  server_->Drain();
  EXPECT_EQ(all.Read(), "\x08\x02") << "NOT_SERVING";
  EXPECT_EQ(all.Read(), "") << "and the end";
}

TEST_F(HealthTest, AWatchThatIsGivenUpIsForgotten) {
  for (int i = 0; i < 100; ++i) {
    RawStream watch(NewChannel(), kWatch);
    ASSERT_TRUE(watch.Write(""));
    EXPECT_EQ(watch.Read(), "\x08\x01");
  }
  EXPECT_EQ(CallRaw(NewChannel(), kCheck, ""), "\x08\x01");
}

// A disk that takes nothing for a while.
class HealthOfStorageTest : public ServerTest {
 protected:
  void SetUp() override {
    config_.data_dir = testing::TempDir() + "sluice-health-" + std::to_string(::getpid());
    std::signal(SIGXFSZ, SIG_IGN);
    StartServer();
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(config_.data_dir);
  }
  static void LetFilesGrow(bool may) {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = may ? limit.rlim_max : 0;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
};

TEST_F(HealthOfStorageTest, IsThatOfTheServerAndAPutWaitsForIt) {
  Create("q", "durability: FSYNC");
  RawStream watch(NewChannel(), kWatch);
  ASSERT_TRUE(watch.Write(""));
  EXPECT_EQ(watch.Read(), "\x08\x01") << "SERVING";
  LetFilesGrow(false);
  std::thread putter([this] { Put("q", "a"); });
  EXPECT_EQ(watch.Read(), "\x08\x02") << "NOT_SERVING";
  EXPECT_EQ(CallRaw(NewChannel(), kCheck, ""), "\x08\x02");
  LetFilesGrow(true);
  EXPECT_EQ(watch.Read(), "\x08\x01") << "SERVING";
  putter.join();
  EXPECT_EQ(Stats("q").ready(), 1u);
}

// A second poller takes events from the threads that serve calls, and hands them over.
TEST_F(HealthTest, NoThreadOfGrpcsOwnServesTheseCalls) {
  EXPECT_EQ(CallRaw(NewChannel(), kCheck, ""), "\x08\x01");
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    EXPECT_THAT(name, AllOf(Not(HasSubstr("nexting")), Not(HasSubstr("grpcpp_sync"))));
  }
}

}  // namespace
}  // namespace sluice::test
