#include "client/cpp/src/session_stream.h"

#include "client/cpp/src/channel.h"
#include "proto/wire.h"

namespace sluice::detail {
// A new channel for each attempt: when to connect again is the caller's to say, not gRPC's.
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
