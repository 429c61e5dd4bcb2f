// A server in this process, on a Unix socket and a loopback port of its own, and stubs connected to it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <google/protobuf/text_format.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include "server/config.h"
#include "server/server.h"
#include "sluice/v1/admin.grpc.pb.h"
#include "sluice/v1/queue.grpc.pb.h"

namespace sluice::test {

using namespace std::chrono_literals;

// Every wait of these tests is bounded by this.
inline constexpr auto kPatience = 20s;

// A client's context that never waits for ever.
class Context : public grpc::ClientContext {
 public:
  explicit Context(std::chrono::milliseconds patience = kPatience) {
    set_deadline(std::chrono::system_clock::now() + patience);
  }
  // The trailing metadata `sluice-reason`; empty: none. Requires: the call has ended.
  std::string Reason() const;
};

template <typename Message>
Message FromText(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

// How a unary call ended.
template <typename Response>
struct Outcome {
  grpc::StatusCode code;
  std::string reason;
  std::string message;
  Response response;
  bool ok() const { return code == grpc::StatusCode::OK; }
};

template <typename Response>
std::ostream& operator<<(std::ostream& out, const Outcome<Response>& outcome) {
  return out << outcome.code << " " << outcome.reason << " " << outcome.message;
}

class ServerTest : public testing::Test {
 protected:
  ServerTest();

  void SetUp() override { StartServer(); }
  void StartServer();
  std::shared_ptr<grpc::Channel> NewChannel() const;
  const std::string& TcpAddress() const { return server_->addresses().back(); }

  // Calls `method` of a stub with a request written as text.
  template <typename Stub, typename Request, typename Response>
  Outcome<Response> Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                         const std::string& request) {
    Context context;
    Outcome<Response> outcome;
    const grpc::Status status = (stub.*method)(&context, FromText<Request>(request), &outcome.response);
    outcome.code = status.error_code();
    outcome.message = status.error_message();
    outcome.reason = context.Reason();
    return outcome;
  }

  // Shorthands over Call; what fails, fails the test.
  void Create(const std::string& queue, const std::string& settings = "");
  void Put(const std::string& queue, const std::string& payload);
  v1::QueueStats Stats(const std::string& queue);
  // Waits until the statistics of `queue` are as wanted.
  void WaitForStats(const std::string& queue, const std::function<bool(const v1::QueueStats&)>& wanted);

  server::Config config_;
  std::unique_ptr<server::Server> server_;
  std::unique_ptr<v1::QueueService::Stub> queues_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
};

}  // namespace sluice::test
