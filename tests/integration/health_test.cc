// What tools ask a gRPC server: are you well, and what can you do.
#include <gmock/gmock.h>

#include "tests/integration/raw_call.h"

namespace sluice::test {
namespace {

using testing::HasSubstr;

constexpr char kCheck[] = "/grpc.health.v1.Health/Check";

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

}  // namespace
}  // namespace sluice::test
