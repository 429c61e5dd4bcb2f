#include "client/cpp/src/session_stream.h"

#include <string_view>

#include <grpcpp/support/proto_buffer_reader.h>

#include "client/cpp/src/channel.h"
#include "proto/wire.h"

namespace sluice::detail {
namespace {

constexpr char kMethod[] = "/sluice.v1.QueueService/Session";

}  // namespace

// A new channel for each attempt: when to connect again is the caller's to say, not gRPC's.
SessionStream::SessionStream(const std::string& address, grpc::CompletionQueue* queue) : stub_(MakeChannel(address)) {
  stream_ = stub_.PrepareCall(&context_, kMethod, queue);
  stream_->StartCall(Tag(StreamEvent::kStarted));
}

wire::ResponseIn* SessionStream::Received() {
  grpc::ProtoBufferReader reader(&received_);
  const bool whole = wire::ReadResponse(&reader, &response_);
  received_.Clear();
  return whole ? &response_ : nullptr;
}

void SessionStream::Write(const wire::RequestOut& request, bool last) {
  grpc_slice bytes = grpc_slice_malloc(writer_.Measure(request));
  writer_.Write(reinterpret_cast<char*>(GRPC_SLICE_START_PTR(bytes)));
  const grpc::Slice slice(bytes, grpc::Slice::STEAL_REF);
  grpc::WriteOptions options;
  if (last) options.set_last_message();
  stream_->Write(grpc::ByteBuffer(&slice, 1), options, Tag(StreamEvent::kWritten));
}

Answer SessionStream::End() const {
  const std::string_view reason = ReasonNameOf(context_);
  std::string message = status_.error_message().empty() ? "the server ended the stream" : status_.error_message();
  if (!reason.empty()) return Answer::Refused(wire::ToReason(status_.error_code(), reason), std::move(message));
  if (status_.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
    return Answer::Refused(Reason::kInternal, "what answers there is not a Sluice server (" + message + ")");
  }
  return Answer::Refused(Reason::kUnavailable, std::move(message));
}

}  // namespace sluice::detail
