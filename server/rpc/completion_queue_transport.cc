// The transport over completion queues; see transport.h.
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include <grpcpp/server_builder.h>

#include "server/rpc/health.h"
#include "server/rpc/live_calls.h"
#include "server/rpc/methods.h"
#include "server/rpc/queue_thread.h"
#include "server/rpc/reflection.h"
#include "server/rpc/server_calls.h"
#include "server/rpc/session_stream.h"
#include "server/rpc/transport.h"
#include "server/rpc/wiring.h"
#include "sluice/v1/admin.grpc.pb.h"
#include "sluice/v1/queue.grpc.pb.h"

namespace sluice::rpc {
namespace {

// Calls of one of our methods that gRPC can hand over before the thread has looked at the first. What comes beyond
// waits in gRPC, bounded by the streams of its connection.
constexpr int kSlotsPerMethod = 16;

class CompletionQueueTransport final : public Transport {
 public:
  CompletionQueueTransport(broker::Broker& broker, ServerHooks hooks, int threads)
      : broker_(broker), hooks_(std::move(hooks)), wanted_threads_(threads) {}
  ~CompletionQueueTransport() override { Stop(); }

  void Register(grpc::ServerBuilder& builder) override {
    builder.RegisterService(&queue_service_);
    builder.RegisterService(&admin_service_);
    builder.RegisterService(&health_.service());
    builder.RegisterService(&reflection_service_);
    for (int i = 0; i < wanted_threads_; ++i) {
      threads_.push_back(std::make_unique<QueueThread>(builder.AddCompletionQueue()));
    }
  }

  void Start() override {
    for (const auto& thread : threads_) {
      const Wiring wiring{broker_, calls_, hooks_, thread->queue()};
      for (int slot = 0; slot < kSlotsPerMethod; ++slot) {
        ListenToUnaryCalls(wiring, &queue_service_, &admin_service_);
        SessionStream::Listen(wiring, &queue_service_);
      }
      ListenToServerCalls(wiring, &admin_service_);
      health_.Listen(wiring);
      ListenToReflection(wiring, &reflection_service_);
    }
    for (const auto& thread : threads_) thread->Start();
  }

  void SetServing(bool serving) override { health_.SetServing(serving); }
  void StopServing() override { health_.StopServing(); }
  void Drain() override { calls_.Drain(); }
  bool WaitUntilIdle(std::chrono::steady_clock::time_point deadline) override {
    return calls_.under_way().WaitUntilNone(deadline);
  }
  // The gRPC server may be gone before its calls are: their last events are still to be handled, and those begin
  // operations. All of them come, because no connection is left.
  void Stop() override {
    calls_.objects().WaitUntilNone(std::chrono::steady_clock::time_point::max());
    threads_.clear();
  }

 private:
  broker::Broker& broker_;
  const ServerHooks hooks_;
  const int wanted_threads_;
  LiveCalls calls_;
  QueueService queue_service_;
  v1::AdminService::AsyncService admin_service_;
  Health health_;
  ReflectionService reflection_service_;
  std::vector<std::unique_ptr<QueueThread>> threads_;
};

}  // namespace

std::unique_ptr<Transport> MakeCompletionQueueTransport(broker::Broker& broker, ServerHooks hooks, int threads) {
  return std::make_unique<CompletionQueueTransport>(broker, std::move(hooks), threads);
}

}  // namespace sluice::rpc
