#include "tests/integration/raw_call.h"

#include <vector>

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

namespace sluice::test {
namespace {

grpc::ByteBuffer ToBuffer(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

}  // namespace

std::string CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                    const std::string& request) {
  Context context;
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(channel);
  const auto call = stub.PrepareUnaryCall(&context, method, ToBuffer(request), &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return status.ok() ? ToString(response) : "!" + std::to_string(status.error_code());
}

RawStream::RawStream(const std::shared_ptr<grpc::Channel>& channel, const std::string& method) : stub_(channel) {
  stream_ = stub_.PrepareCall(&context_, method, &queue_);
  stream_->StartCall(nullptr);
  Wait();
}

RawStream::~RawStream() {
  context_.TryCancel();
  if (!ended_) End();
}

grpc::Status RawStream::End() {
  ended_ = true;
  grpc::Status status;
  stream_->Finish(&status, nullptr);
  Wait();
  return status;
}

bool RawStream::Write(const std::string& request) {
  stream_->Write(ToBuffer(request), nullptr);
  return Wait();
}

std::string RawStream::Read() {
  grpc::ByteBuffer response;
  stream_->Read(&response, nullptr);
  return Wait() ? ToString(response) : "";
}

bool RawStream::Wait() {
  void* tag = nullptr;
  bool ok = false;
  return queue_.Next(&tag, &ok) && ok;
}

}  // namespace sluice::test
