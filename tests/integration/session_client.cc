#include "tests/integration/session_client.h"

namespace sluice::test {

SessionClient::SessionClient(const std::shared_ptr<grpc::Channel>& channel)
    : stub_(v1::QueueService::NewStub(channel)), stream_(stub_->Session(&context_)) {}

SessionClient::~SessionClient() {
  if (!finished_) Cut();
}

v1::Welcome SessionClient::Hello(const std::string& hello) {
  EXPECT_TRUE(Send("hello { " + hello + " }"));
  const auto response = Read();
  EXPECT_TRUE(response && response->has_welcome());
  return response ? response->welcome() : v1::Welcome();
}

v1::Welcome SessionClient::Resume(const v1::Welcome& welcome, std::uint64_t answers_seen) {
  v1::SessionRequest request;
  request.mutable_hello()->set_session(welcome.session());
  request.mutable_hello()->set_token(welcome.token());
  request.set_answers_seen(answers_seen);
  EXPECT_TRUE(Send(request));
  const auto response = Read();
  EXPECT_TRUE(response && response->has_welcome());
  return response ? response->welcome() : v1::Welcome();
}

bool SessionClient::Send(const std::string& request) { return stream_->Write(FromText<v1::SessionRequest>(request)); }

// What NextAnswer has not handed out yet stays first.
std::optional<v1::SessionResponse> SessionClient::Read() {
  v1::SessionResponse response;
  if (!stream_->Read(&response)) return std::nullopt;
  answers_seen_ += static_cast<std::uint64_t>(response.answers_size());
  v1::SessionResponse rest;
  for (int i = next_answer_; i < response_.answers_size(); ++i) rest.add_answers()->Swap(response_.mutable_answers(i));
  rest.MergeFrom(response);
  rest.Swap(&response_);
  next_answer_ = 0;
  return response;
}

v1::Answer SessionClient::NextAnswer() {
  while (next_answer_ == response_.answers_size()) {
    if (Read()) continue;
    ADD_FAILURE() << "the stream ended before the answer: " << End();
    return {};
  }
  return response_.answers(next_answer_++);
}

void SessionClient::Cut() {
  context_.TryCancel();
  End();
}

std::string SessionClient::End() {
  v1::SessionResponse ignored;
  while (stream_->Read(&ignored)) {
  }
  const grpc::Status status = stream_->Finish();
  finished_ = true;
  const std::string reason = context_.Reason();
  return std::to_string(status.error_code()) + (reason.empty() ? "" : " " + reason);
}

}  // namespace sluice::test
