#include "tests/integration/server_fixture.h"

#include <unistd.h>

#include <atomic>
#include <thread>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

namespace sluice::test {

std::string Context::Reason() const {
  const auto& metadata = GetServerTrailingMetadata();
  const auto found = metadata.find("sluice-reason");
  return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
}

ServerTest::ServerTest() {
  static std::atomic<int> number{0};
  const std::string socket =
      testing::TempDir() + "sluice-" + std::to_string(::getpid()) + "-" + std::to_string(number.fetch_add(1)) + ".sock";
  config_.listen = {"unix:" + socket, "127.0.0.1:0"};
  config_.threads = 2;
}

void ServerTest::StartServer() {
  std::string error;
  server_ = server::Server::Start(config_, SteadyClock::Get(), &error);
  ASSERT_TRUE(server_) << error;
  const auto channel = NewChannel();
  queues_ = v1::QueueService::NewStub(channel);
  admin_ = v1::AdminService::NewStub(channel);
}

std::shared_ptr<grpc::Channel> ServerTest::NewChannel() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(server_->addresses().front(), grpc::InsecureChannelCredentials(), arguments);
}

void ServerTest::Create(const std::string& queue, const std::string& settings) {
  const auto outcome =
      Call(*admin_, &v1::AdminService::Stub::CreateQueue, "queue: '" + queue + "' settings { " + settings + " }");
  ASSERT_TRUE(outcome.ok()) << outcome;
}

void ServerTest::Put(const std::string& queue, const std::string& payload) {
  Context context;
  v1::PutRequest request;
  request.set_queue(queue);
  request.add_items()->set_payload(payload);
  v1::PutResponse response;
  const grpc::Status status = queues_->Put(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
}

v1::QueueStats ServerTest::Stats(const std::string& queue) {
  const auto outcome = Call(*queues_, &v1::QueueService::Stub::Stats, "queue: '" + queue + "'");
  EXPECT_TRUE(outcome.ok()) << outcome;
  return outcome.response.stats();
}

void ServerTest::WaitForStats(const std::string& queue, const std::function<bool(const v1::QueueStats&)>& wanted) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  v1::QueueStats stats;
  do {
    stats = Stats(queue);
    if (wanted(stats)) return;
    std::this_thread::sleep_for(1ms);  // between two looks, so that the looking does not take the machine
  } while (std::chrono::steady_clock::now() < deadline);
  FAIL() << "waited in vain; last seen: " << stats.ShortDebugString();
}

}  // namespace sluice::test
