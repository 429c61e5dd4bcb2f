// Sluice by unary gRPC calls, each thread on a connection of its own: what a program without an SDK does, and what the
// server holds for each of thousands of clients.
#include <grpcpp/grpcpp.h>

#include <stdexcept>

#include "sluice/v1/queue.grpc.pb.h"
#include "tests/bench/load/system.h"

namespace sluice::load {
namespace {

std::unique_ptr<v1::QueueService::Stub> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // else all channels share one connection
  const auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(30))) {
    throw std::runtime_error("cannot connect to " + address);
  }
  return v1::QueueService::NewStub(channel);
}

void Check(const grpc::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.error_message());
}

class SluiceUnaryDriver : public Driver {
 public:
  explicit SluiceUnaryDriver(const Place& place) : queue_(place.queue), stub_(Connect(place.address)) {}

  void Put(const std::vector<std::string>& items) override {
    v1::PutRequest request;
    request.set_queue(queue_);
    for (const std::string& item : items) request.add_items()->set_payload(item);
    grpc::ClientContext context;
    v1::PutResponse response;
    Check(stub_->Put(&context, request, &response));
  }

  const std::vector<std::string_view>& Get(std::size_t most, std::chrono::milliseconds wait) override {
    v1::GetRequest request;
    request.set_queue(queue_);
    request.set_max_items(static_cast<std::uint32_t>(most));
    request.set_timeout_ms(wait.count());
    grpc::ClientContext context;
    items_.clear();
    got_.Clear();
    const grpc::Status status = stub_->Get(&context, request, &got_);
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) return items_;
    Check(status);
    for (const v1::Delivery& delivery : got_.deliveries()) items_.push_back(delivery.item().payload());
    return items_;
  }

  void Done() override {
    v1::TaskDoneRequest request;
    request.set_queue(queue_);
    for (const v1::Delivery& delivery : got_.deliveries()) request.add_fences(delivery.fence());
    grpc::ClientContext context;
    v1::TaskDoneResponse response;
    Check(stub_->TaskDone(&context, request, &response));
  }

 private:
  const std::string queue_;
  const std::unique_ptr<v1::QueueService::Stub> stub_;
  v1::GetResponse got_;
  std::vector<std::string_view> items_;
};

class SluiceUnarySystem : public System {
 public:
  explicit SluiceUnarySystem(const Place& place) : place_(place) {}
  void Create() override { MakeSluice(place_)->Create(); }
  void Remove() override { MakeSluice(place_)->Remove(); }
  std::unique_ptr<Driver> ConnectProducer() override { return ConnectBoth(); }
  std::unique_ptr<Driver> ConnectConsumer() override { return ConnectBoth(); }
  std::unique_ptr<Driver> ConnectBoth() override { return std::make_unique<SluiceUnaryDriver>(place_); }

 private:
  const Place place_;
};

}  // namespace

std::unique_ptr<System> MakeSluiceUnary(const Place& place) { return std::make_unique<SluiceUnarySystem>(place); }

}  // namespace sluice::load
