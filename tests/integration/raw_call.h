// Calls of services whose messages are not generated here (health, reflection): bytes in, bytes out.
#pragma once

#include <memory>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include "tests/integration/server_fixture.h"

namespace sluice::test {

// The response to one request; "!CODE" when the call failed.
std::string CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                    const std::string& request);

// A bidirectional (or server-streaming) call.
class RawStream {
 public:
  RawStream(const std::shared_ptr<grpc::Channel>& channel, const std::string& method);
  // Cancels.
  ~RawStream();
  RawStream(const RawStream&) = delete;
  RawStream& operator=(const RawStream&) = delete;

  bool Write(const std::string& request);
  // The next response; empty: the stream ended.
  std::string Read();
  // How the stream ended. Requires: it has, or is about to by itself.
  grpc::Status End();

 private:
  bool Wait();

  Context context_;
  grpc::CompletionQueue queue_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  bool ended_ = false;
};

}  // namespace sluice::test
