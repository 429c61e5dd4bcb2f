// One attempt at a gRPC session stream, on a connection of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "common/answer.h"
#include "proto/session_codec.h"

namespace sluice::detail {

// What a completion queue reports about a stream; the value is the tag.
enum class StreamEvent : std::uintptr_t { kStarted = 1, kRead, kWritten, kFinished };

// Thread safety: Write may be called from any thread while no other write is under way; all else from one thread.
class SessionStream {
 public:
  // Begins to connect: kStarted follows.
  SessionStream(const std::string& address, grpc::CompletionQueue* queue);

  // kRead follows; false with it: the stream is over, Finish it.
  void Read() { stream_->Read(&received_, Tag(StreamEvent::kRead)); }
  // What was read, until the next Read; null: it makes no sense. Requires: kRead came, once.
  wire::ResponseIn* Received();
  // kWritten follows. The message is encoded before this returns.
  void Write(const wire::RequestOut& request, bool last = false);
  // Makes everything under way end soon.
  void TryCancel() { context_.TryCancel(); }
  // kFinished follows; then `end` is there. Requires: nothing else is under way.
  void Finish() { stream_->Finish(&status_, Tag(StreamEvent::kFinished)); }

  // How the stream ended: the server's reason, or UNAVAILABLE for what happened on the way.
  // INTERNAL: something answers there that is not a Sluice server.
  Answer End() const;

 private:
  static void* Tag(StreamEvent event) { return reinterpret_cast<void*>(event); }

  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  grpc::ByteBuffer received_;
  wire::ResponseIn response_;
  wire::RequestWriter writer_;
  grpc::Status status_;
};

}  // namespace sluice::detail
