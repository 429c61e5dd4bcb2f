#include "client/cpp/src/session_stream.h"

#include "common/limits.h"
#include "proto/wire.h"

namespace sluice::detail {
namespace {

// A new channel for each attempt: gRPC's own reconnecting, with its backoff of up to two minutes, has no part in it,
// and clients of a process do not share a connection.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // http_proxy is for the web
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetMaxReceiveMessageSize(static_cast<int>(limits::kMessageBytes));
  arguments.SetMaxSendMessageSize(static_cast<int>(limits::kMessageBytes));
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

SessionStream::SessionStream(const std::string& address, grpc::CompletionQueue* queue)
    : stub_(v1::QueueService::NewStub(MakeChannel(address))) {
  stream_ = stub_->AsyncSession(&context_, queue, Tag(StreamEvent::kStarted));
}

void SessionStream::Write(const v1::SessionRequest& request, bool last) {
  grpc::WriteOptions options;
  if (last) options.set_last_message();
  stream_->Write(request, options, Tag(StreamEvent::kWritten));
}

Answer SessionStream::End() const {
  const auto& metadata = context_.GetServerTrailingMetadata();
  const auto found = metadata.find(grpc::string_ref(wire::kReasonMetadataKey.data(), wire::kReasonMetadataKey.size()));
  const std::string reason = found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
  std::string message = status_.error_message().empty() ? "the server ended the stream" : status_.error_message();
  if (!reason.empty()) return Answer::Refused(wire::ToReason(status_.error_code(), reason), std::move(message));
  if (status_.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
    return Answer::Refused(Reason::kInternal, "what answers there is not a Sluice server (" + message + ")");
  }
  return Answer::Refused(Reason::kUnavailable, std::move(message));
}

}  // namespace sluice::detail
