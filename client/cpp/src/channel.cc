#include "client/cpp/src/channel.h"

#include <algorithm>

#include <grpcpp/grpcpp.h>
#include <sluice/error.h>

#include "client/cpp/src/fork_guard.h"
#include "common/limits.h"
#include "proto/wire.h"

namespace sluice::detail {
namespace {

// gRPC's own reconnecting, where it is used: without its backoff of up to two minutes.
constexpr int kMinReconnectMs = 50;
constexpr int kMaxReconnectMs = 1'000;
// A host that vanished is noticed also by a call that only waits.
constexpr int kKeepaliveMs = 20'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
// HTTP/2 frames that the server may send: many items come in few frames, each of which costs both ends.
constexpr int kMaxFrameBytes = 256 << 10;
constexpr std::chrono::milliseconds kStopCheck{50};  // while connecting, which no token ends

}  // namespace

void CheckNotForked() {
  static const ForkGuard first_use;
  if (first_use.SameProcess()) return;
  throw MadeBeforeFork(
      "a client cannot be made in the child of a process that had one before the fork: make the first client after "
      "the fork, or start the child with exec");
}

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kMinReconnectMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kMinReconnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kMaxFrameBytes);
  arguments.SetMaxReceiveMessageSize(static_cast<int>(limits::kMessageBytes));
  arguments.SetMaxSendMessageSize(static_cast<int>(limits::kMessageBytes));
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

void AwaitConnected(grpc::Channel& channel, const std::string& address, std::chrono::milliseconds timeout,
                    const std::stop_token& stop) {
  const auto deadline = std::chrono::system_clock::now() + timeout;
  for (;;) {
    const auto now = std::chrono::system_clock::now();
    if (channel.WaitForConnected(std::min(deadline, now + kStopCheck))) return;
    if (stop.stop_requested()) throw Cancelled("stopped while connecting to " + address);
    if (now >= deadline) {
      throw Unavailable("no server at " + address + " within " + std::to_string(timeout.count()) + " ms");
    }
  }
}

std::string_view ReasonNameOf(const grpc::ClientContext& context) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto found = metadata.find(grpc::string_ref(wire::kReasonMetadataKey.data(), wire::kReasonMetadataKey.size()));
  return found == metadata.end() ? std::string_view() : std::string_view(found->second.data(), found->second.size());
}

}  // namespace sluice::detail
