// One plain unary call: what leases it brings belong to no session.
#include <sluice/detached_get.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <grpcpp/grpcpp.h>
#include <sluice/error.h>

#include "client/cpp/src/channel.h"
#include "client/cpp/src/validate.h"
#include "proto/wire.h"
#include "sluice/v1/queue.grpc.pb.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kBetweenAttempts = milliseconds(50);  // to a server that is stopping: it answers, but not with items
constexpr auto kWaited = milliseconds(1'000);  // an attempt that lasted so long had a server: its end is a new outage

v1::GetRequest RequestOf(const QueueName& name, std::size_t max_items, const DetachedGetOptions& options) {
  detail::CheckTimeout(options.get.timeout);
  if (options.lease.count() != 0) detail::CheckLease(options.lease);
  if (options.create) detail::CheckSettings(*options.create);
  Get get;
  get.queue = name.name;
  get.max_items = detail::CheckMaxItems(max_items);
  get.timeout = options.get.timeout;
  get.lease = options.lease;
  get.until_finished = options.get.until_finished;
  get.create = options.create;
  v1::Operation operation;
  wire::Write(name.space, get, &operation);
  return std::move(*operation.mutable_get());
}

// One attempt. kUnavailable: the connection broke, or the server is stopping.
Reason Attempt(v1::QueueService::Stub& stub, const v1::GetRequest& request, const std::stop_token& stop,
               v1::GetResponse* response, std::string* message) {
  grpc::ClientContext context;
  const std::stop_callback cancel(stop, [&] { context.TryCancel(); });
  const grpc::Status status = stub.Get(&context, request, response);
  if (status.ok()) return Reason::kOk;
  *message = status.error_message();
  return wire::ToReason(status.error_code(), detail::ReasonNameOf(context));
}

std::vector<DetachedItem> ItemsOf(v1::GetResponse&& response) {
  v1::Answer message;
  *message.mutable_get() = std::move(response);
  Answer answer = wire::Read(std::move(message));
  if (!answer.ok()) ThrowError(answer.reason, answer.message);
  const auto& result = std::get<GetResult>(answer.result);
  std::vector<DetachedItem> items;
  for (const Delivery& delivery : result.deliveries) {
    const Content& content = *delivery.content;
    items.push_back({delivery.id.value, delivery.fence.value, delivery.attempt, delivery.put_time, result.lease,
                     std::string(content.payload.view()), content.content_type, content.headers, content.priority});
  }
  return items;
}

}  // namespace

std::vector<DetachedItem> get_detached(const std::string& address, const std::string& queue, std::size_t max_items,
                                       const DetachedGetOptions& options) {
  detail::CheckAddress(address);
  detail::CheckNotForked();
  v1::GetRequest request = RequestOf(detail::CheckQueueName(queue), max_items, options);
  const auto channel = detail::MakeChannel(address);
  const auto stub = v1::QueueService::NewStub(channel);
  const auto start = steady_clock::now();
  for (auto outage = start;;) {
    detail::AwaitConnected(*channel, address, options.connect_timeout, options.get.stop);
    const auto began = steady_clock::now();
    if (options.get.timeout) {
      const auto waited = std::chrono::duration_cast<milliseconds>(began - start);
      request.set_timeout_ms(std::max(milliseconds(0), *options.get.timeout - waited).count());
    }
    v1::GetResponse response;
    std::string message;
    const Reason reason = Attempt(*stub, request, options.get.stop, &response, &message);
    if (reason == Reason::kOk) return ItemsOf(std::move(response));
    if (options.get.stop.stop_requested()) throw Cancelled("the get was stopped");
    if (reason != Reason::kUnavailable) ThrowError(reason, message);
    const auto now = steady_clock::now();
    if (now - began > kWaited) outage = now;
    if (now - outage > options.connect_timeout) throw Unavailable(address + ": " + message);
    std::this_thread::sleep_for(kBetweenAttempts);
  }
}

}  // namespace sluice
