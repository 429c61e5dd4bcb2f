// One attempt at a gRPC session stream, on a connection of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "common/answer.h"
#include "sluice/v1/queue.grpc.pb.h"

namespace sluice::detail {

// What a completion queue reports about a stream; the value is the tag.
enum class StreamEvent : std::uintptr_t { kStarted = 1, kRead, kWritten, kFinished };

// Thread safety: Write may be called from any thread while no other write is under way; all else from one thread.
class SessionStream {
 public:
  // Begins to connect: kStarted follows.
  SessionStream(const std::string& address, grpc::CompletionQueue* queue);

  // kRead follows; false with it: the stream is over, Finish it.
  void Read() { stream_->Read(&response_, Tag(StreamEvent::kRead)); }
  // kWritten follows. The message is encoded before this returns.
  void Write(const v1::SessionRequest& request, bool last = false);
  // Makes everything under way end soon.
  void TryCancel() { context_.TryCancel(); }
  // kFinished follows; then `end` is there. Requires: nothing else is under way.
  void Finish() { stream_->Finish(&status_, Tag(StreamEvent::kFinished)); }

  v1::SessionResponse& response() { return response_; }

  // How the stream ended: the server's reason, or UNAVAILABLE for what happened on the way.
  // INTERNAL: something answers there that is not a Sluice server.
  Answer End() const;

 private:
  static void* Tag(StreamEvent event) { return reinterpret_cast<void*>(event); }

  grpc::ClientContext context_;
  std::unique_ptr<v1::QueueService::Stub> stub_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<v1::SessionRequest, v1::SessionResponse>> stream_;
  v1::SessionResponse response_;
  grpc::Status status_;
};

}  // namespace sluice::detail
