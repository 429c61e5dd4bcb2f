#include "server/rpc/status.h"

#include <cstddef>

#include "proto/wire.h"

namespace sluice::rpc {
namespace {

// Clients accept 8 KiB of metadata by default, and a text may be encoded in three times its length.
constexpr std::size_t kMessageBytes = 2'000;

}  // namespace

grpc::Status Refusal(grpc::ServerContext& context, Reason reason, const std::string& message) {
  if (reason == Reason::kOk) return grpc::Status::OK;
  context.AddTrailingMetadata(std::string(wire::kReasonMetadataKey), std::string(ReasonName(reason)));
  return {static_cast<grpc::StatusCode>(wire::ToStatusCode(reason)), message.substr(0, kMessageBytes)};
}

}  // namespace sluice::rpc
