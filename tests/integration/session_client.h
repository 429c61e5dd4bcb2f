// A client of the Session stream that does nothing by itself: tests say each message.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/support/sync_stream.h>

#include "sluice/v1/queue.grpc.pb.h"
#include "tests/integration/server_fixture.h"

namespace sluice::test {

class SessionClient {
 public:
  explicit SessionClient(const std::shared_ptr<grpc::Channel>& channel);
  // Breaks the stream without a goodbye.
  ~SessionClient();
  SessionClient(const SessionClient&) = delete;
  SessionClient& operator=(const SessionClient&) = delete;

  // Begins a session, or resumes the one of `welcome`; the Welcome that came.
  v1::Welcome Hello(const std::string& hello = "client_name: 'test'");
  v1::Welcome Resume(const v1::Welcome& welcome, std::uint64_t answers_seen);

  // A SessionRequest as text. False: the stream is broken.
  bool Send(const std::string& request);
  bool Send(const v1::SessionRequest& request) { return stream_->Write(request); }
  void HalfClose() { stream_->WritesDone(); }
  // The next response; nullopt: the stream ended.
  std::optional<v1::SessionResponse> Read();
  // The next answer, out of as many responses as it takes. Fails the test when the stream ends before.
  v1::Answer NextAnswer();
  // Ends the stream as a broken connection does.
  void Cut();

  // How the stream ended: "CODE REASON". Reads what is left first.
  std::string End();
  std::uint64_t answers_seen() const { return answers_seen_; }

 private:
  std::unique_ptr<v1::QueueService::Stub> stub_;
  Context context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::SessionRequest, v1::SessionResponse>> stream_;
  v1::SessionResponse response_;  // whose answers NextAnswer hands out
  int next_answer_ = 0;
  std::uint64_t answers_seen_ = 0;
  bool finished_ = false;
};

}  // namespace sluice::test
