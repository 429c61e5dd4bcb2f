#include "tests/support/fake_session_server.h"

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <utility>

#include "proto/wire.h"

namespace sluice::testing {
namespace {

constexpr std::chrono::seconds kBound{20};

[[noreturn]] void GiveUp(const char* what) {
  std::cerr << "waited too long for " << what << std::endl;
  std::abort();
}

std::string MakeDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "sluice-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) GiveUp("a directory");
  return pattern;
}

v1::SessionResponse WelcomeTo(std::uint64_t session) {
  v1::SessionResponse response;
  v1::Welcome* welcome = response.mutable_welcome();
  welcome->set_session(session);
  welcome->set_token("token" + std::to_string(session));
  welcome->set_lease_ms(30'000);
  welcome->set_grace_ms(5'000);
  return response;
}

}  // namespace

// ---- one stream --------------------------------------------------------------------------------

FakeStream::FakeStream(grpc::CallbackServerContext* context) : context_(context) {}

template <typename Condition>
void FakeStream::WaitFor(const char* what, Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + kBound;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) GiveUp(what);
    changed_.WaitFor(mutex_, std::chrono::milliseconds(100));
  }
}

v1::SessionRequest FakeStream::Hello() {
  v1::SessionRequest message = NextMessage();
  if (!message.has_hello()) GiveUp("a hello");
  return message;
}

void FakeStream::Welcome(std::uint64_t session, bool resumed, std::uint64_t operations_seen,
                         std::chrono::milliseconds lease, std::chrono::milliseconds grace) {
  v1::SessionResponse response = WelcomeTo(session);
  response.mutable_welcome()->set_resumed(resumed);
  response.mutable_welcome()->set_operations_seen(operations_seen);
  response.mutable_welcome()->set_lease_ms(lease.count());
  response.mutable_welcome()->set_grace_ms(grace.count());
  Write(response);
}

void FakeStream::WelcomeRestarted(std::uint64_t session) {
  v1::SessionResponse response = WelcomeTo(session);
  response.mutable_welcome()->set_resumed(true);
  response.mutable_welcome()->set_restarted(true);
  Write(response);
}

v1::SessionRequest FakeStream::NextMessage() {
  MutexLock lock(mutex_);
  WaitFor("a message", [this]() SLUICE_NO_THREAD_SAFETY_ANALYSIS { return !messages_.empty(); });
  v1::SessionRequest message = std::move(messages_.front());
  messages_.pop_front();
  return message;
}

v1::Operation FakeStream::NextOperation() {
  while (true) {
    {
      MutexLock lock(mutex_);
      if (!operations_.empty()) {
        v1::Operation operation = std::move(operations_.front());
        operations_.pop_front();
        return operation;
      }
    }
    v1::SessionRequest message = NextMessage();
    if (message.operations().empty() && !message.goodbye()) Write({});
    MutexLock lock(mutex_);
    for (v1::Operation& operation : *message.mutable_operations()) operations_.push_back(std::move(operation));
  }
}

void FakeStream::Answer(std::uint64_t operation, const sluice::Answer& answer) {
  v1::SessionResponse response;
  v1::Answer* written = response.add_answers();
  wire::Write(answer, written);
  written->set_operation(operation);
  Write(response);
}

void FakeStream::Write(const v1::SessionResponse& response) {
  MutexLock lock(mutex_);
  WaitFor("a write", [this]() SLUICE_NO_THREAD_SAFETY_ANALYSIS { return !writing_; });
  if (finished_) return;
  writing_ = true;
  response_ = response;
  StartWrite(&response_);
}

void FakeStream::End(Reason reason, const std::string& message) {
  MutexLock lock(mutex_);
  WaitFor("a write", [this]() SLUICE_NO_THREAD_SAFETY_ANALYSIS { return !writing_; });
  if (std::exchange(finished_, true)) return;
  context_->AddTrailingMetadata(std::string(wire::kReasonMetadataKey), std::string(ReasonName(reason)));
  Finish({static_cast<grpc::StatusCode>(wire::ToStatusCode(reason)), message});
}

void FakeStream::Cut() {
  MutexLock lock(mutex_);
  if (!finished_) context_->TryCancel();
}

void FakeStream::WaitUntilGone() {
  MutexLock lock(mutex_);
  WaitFor("the client to go", [this]() SLUICE_NO_THREAD_SAFETY_ANALYSIS { return done_; });
}

std::uint64_t FakeStream::answers_seen() {
  MutexLock lock(mutex_);
  return answers_seen_;
}

void FakeStream::OnReadDone(bool ok) {
  {
    MutexLock lock(mutex_);
    if (ok) {
      answers_seen_ = std::max(answers_seen_, request_.answers_seen());
      messages_.push_back(request_);
    } else {
      read_all_ = true;
      if (!std::exchange(finished_, true)) Finish(grpc::Status::OK);
    }
    changed_.NotifyAll();
  }
  if (ok) StartRead(&request_);
}

void FakeStream::OnWriteDone(bool) {
  MutexLock lock(mutex_);
  writing_ = false;
  changed_.NotifyAll();
}

void FakeStream::OnCancel() {
  MutexLock lock(mutex_);
  if (!std::exchange(finished_, true)) Finish(grpc::Status::CANCELLED);
}

void FakeStream::OnDone() {
  MutexLock lock(mutex_);
  done_ = finished_ = true;
  writing_ = false;
  changed_.NotifyAll();
}

// ---- the server --------------------------------------------------------------------------------

FakeSessionServer::FakeSessionServer() : directory_(MakeDirectory()), address_("unix:" + directory_ + "/socket") {
  Start();
}

FakeSessionServer::~FakeSessionServer() {
  Stop();
  std::filesystem::remove_all(directory_);
}

void FakeSessionServer::Start() {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address_, grpc::InsecureServerCredentials());
  builder.RegisterService(&service_);
  server_ = builder.BuildAndStart();
  if (!server_) GiveUp("the fake server to listen");
}

void FakeSessionServer::Stop() {
  if (!server_) return;
  std::vector<std::shared_ptr<FakeStream>> streams;
  {
    MutexLock lock(mutex_);
    streams = streams_;
  }
  for (const auto& stream : streams) stream->Cut();
  server_->Shutdown(std::chrono::system_clock::now());
  server_.reset();
}

std::shared_ptr<FakeStream> FakeSessionServer::NextStream() {
  const auto limit = std::chrono::steady_clock::now() + kBound;
  MutexLock lock(mutex_);
  while (given_out_ == streams_.size()) {
    if (std::chrono::steady_clock::now() > limit) GiveUp("a stream");
    changed_.WaitFor(mutex_, std::chrono::milliseconds(100));
  }
  return streams_[given_out_++];
}

bool FakeSessionServer::HasStream() {
  MutexLock lock(mutex_);
  return given_out_ < streams_.size();
}

grpc::ServerBidiReactor<v1::SessionRequest, v1::SessionResponse>* FakeSessionServer::Service::Session(
    grpc::CallbackServerContext* context) {
  auto stream = std::make_shared<FakeStream>(context);
  stream->StartRead(&stream->request_);
  MutexLock lock(server_.mutex_);
  server_.streams_.push_back(stream);
  server_.changed_.NotifyAll();
  return stream.get();
}

}  // namespace sluice::testing
