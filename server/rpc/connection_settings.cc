#include "server/rpc/connection_settings.h"

#include <cstddef>

#include <grpc/impl/codegen/grpc_types.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>

#include "common/limits.h"

namespace sluice::rpc {
namespace {

// A connection whose other end is gone without a word is noticed within the sum of the two.
constexpr int kPingAfterMs = 20'000;
constexpr int kPingTimeoutMs = 10'000;
// Clients may ping this often, also without a call: far more often than any client does, so that no client is sent
// away for being careful.
constexpr int kMinClientPingMs = 1'000;
// Calls at the same time on one connection: room for 10,000 parked gets and whatever else the client does.
constexpr int kStreamsPerConnection = 20'000;
// HTTP/2 frames that a client may send: many items come in few frames, each of which costs both ends.
constexpr int kMaxFrameBytes = 256 << 10;
// gRPC's own memory: 14 KiB for each of 100,000 parked calls, and messages that are on their way.
constexpr std::size_t kTransportMemoryBytes = std::size_t{2} << 30;

}  // namespace

void ApplyConnectionSettings(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(limits::kMessageBytes));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(limits::kMetadataBytes));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kMaxFrameBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kPingAfterMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // ours: a parked get sends no data for hours
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kMinClientPingMs);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // two servers on one port would share its callers

  grpc::ResourceQuota quota("sluiced");
  quota.Resize(kTransportMemoryBytes);
  builder.SetResourceQuota(quota);
}

}  // namespace sluice::rpc
