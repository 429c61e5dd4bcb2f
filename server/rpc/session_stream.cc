#include "server/rpc/session_stream.h"

#include <chrono>
#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

#include <spdlog/spdlog.h>

#include "common/limits.h"
#include "proto/wire.h"
#include "server/rpc/status.h"

namespace sluice::rpc {
namespace {

// One response: large enough that the cost of a message is spread over many answers, small enough that the first
// of them does not wait for the last.
constexpr std::size_t kItemsPerWrite = 512;
constexpr std::size_t kBytesPerWrite = 256u << 10;
// Requests that are read while one response is being written.
constexpr int kReadsPerWrite = 16;
// A request message that grew beyond this is not kept for reuse.
constexpr int kOperationsKept = 512;

constexpr char kHelloFirst[] = "hello is the first message of a session stream, and only that";

// What is wrong with a first message; empty: nothing.
std::string Problem(const v1::SessionRequest& message) {
  const v1::Hello& hello = message.hello();
  if (!message.has_hello()) return kHelloFirst;
  if (hello.client_name().size() > limits::kClientNameBytes) {
    return fmt::format("client_name: at most {} bytes", limits::kClientNameBytes);
  }
  const auto lease = std::chrono::milliseconds(hello.lease_ms());
  if (lease.count() != 0 && (lease < limits::kMinLease || lease > limits::kMaxLease)) {
    return fmt::format("lease_ms: 0 (the default) or {} to {}", limits::kMinLease / std::chrono::milliseconds(1),
                       limits::kMaxLease / std::chrono::milliseconds(1));
  }
  return "";
}

}  // namespace

SessionStream::SessionStream(const Wiring& wiring, v1::QueueService::AsyncService* service)
    : wiring_(wiring), object_(wiring.calls.objects().Take()), service_(service) {
  context_.AsyncNotifyWhenDone(&done_);
}

SessionStream::~SessionStream() { wiring_.calls.Remove(this); }

void SessionStream::Listen(const Wiring& wiring, v1::QueueService::AsyncService* service) {
  auto stream = std::make_shared<SessionStream>(wiring, service);
  {
    MutexLock lock(stream->mutex_);
    stream->keep_done_ = stream;
  }
  service->RequestSession(&stream->context_, &stream->stream_, &wiring.queue, &wiring.queue, &stream->accepted_);
}

// ---- events ------------------------------------------------------------------------------------

void SessionStream::OnAccepted(bool ok) {
  if (!ok) {  // the server shuts down; `done` does not come for a call that never was
    std::shared_ptr<SessionStream> last;
    MutexLock lock(mutex_);
    last.swap(keep_done_);
    return;
  }
  under_way_ = wiring_.calls.under_way().Take();
  Listen(wiring_, service_);
  wiring_.calls.Add(this);
  if (wiring_.calls.draining()) {
    Drain();
  } else {
    ReadNext();
  }
}

void SessionStream::OnRead(bool ok) {
  std::shared_ptr<SessionStream> keep;
  {
    MutexLock lock(mutex_);
    keep.swap(keep_read_);
    if (ending_) return;  // what still comes belongs to nobody: the session may have another stream by now
  }
  const bool first = !session_;
  if (!ok) {  // half-closed; or broken, and then what is written fails
    return first ? End(Reason::kInvalidArgument, kHelloFirst, Flush::kNo) : End(Reason::kOk, "", Flush::kYes);
  }
  if (first) {
    if (!ClaimWriting()) return;  // the server drains: already ending
    if (Greet(request_)) Process(request_);
    QueueThread::AfterEvent(keep);  // the right to write goes with it
  } else if (request_.has_hello()) {
    End(Reason::kInvalidArgument, kHelloFirst, Flush::kNo);
  } else {
    Process(request_);
  }
  if (request_.operations_size() > kOperationsKept) v1::SessionRequest().Swap(&request_);
  ReadUnlessAhead();
}

void SessionStream::OnWritten(bool ok) {
  std::shared_ptr<SessionStream> keep;
  {
    MutexLock lock(mutex_);
    keep.swap(keep_write_);
  }
  if (ok) {
    session_->Touch();  // a client that takes long over a large answer is alive
    ResumeReading();
  } else {
    End(Reason::kOk, "", Flush::kNo);
  }
  WriteNext();
}

void SessionStream::OnFinished(bool /*ok*/) {
  std::shared_ptr<SessionStream> keep;
  MutexLock lock(mutex_);
  keep.swap(keep_write_);
}

void SessionStream::OnDone(bool /*ok*/) {
  std::shared_ptr<SessionStream> keep;
  bool goodbye = false;
  {
    MutexLock lock(mutex_);
    keep.swap(keep_done_);
    goodbye = ending_ && ending_->goodbye;
  }
  if (session_ && goodbye) {
    session_->End();
  } else if (session_) {
    session_->Detach(this);
  }
  End(Reason::kOk, "", Flush::kNo);
}

// ---- reading -----------------------------------------------------------------------------------

bool SessionStream::Greet(const v1::SessionRequest& message) {
  const v1::Hello& hello = message.hello();
  if (const std::string problem = Problem(message); !problem.empty()) {
    End(Reason::kInvalidArgument, problem, Flush::kNo);
    return false;
  }
  session_ = OpenOrResume(hello);
  if (!session_) return false;
  const auto attached = session_->Attach(shared_from_this(), message.answers_seen());
  if (!attached.ok) {
    End(Reason::kSessionLost, "the session has ended; begin a new one", Flush::kNo);
    return false;
  }
  spdlog::info("session {} {}: {} from {}", session_->id().value, hello.session() == 0 ? "begins" : "resumes",
               session_->client_name(), context_.peer());
  MutexLock lock(mutex_);
  v1::Welcome& welcome = welcome_.emplace();
  welcome.set_session(session_->id().value);
  welcome.set_token(session_->token());
  welcome.set_resumed(hello.session() != 0);
  welcome.set_operations_seen(attached.operations_seen);
  welcome.set_lease_ms(session_->lease().count());
  welcome.set_grace_ms(session_->grace().count());
  welcome.set_server_version(SLUICE_VERSION);
  return true;
}

std::shared_ptr<broker::Session> SessionStream::OpenOrResume(const v1::Hello& hello) {
  if (hello.session() == 0) {
    Answer refusal;
    auto session =
        wiring_.broker.OpenSession(hello.client_name(), std::chrono::milliseconds(hello.lease_ms()), &refusal);
    if (!session) End(refusal.reason, refusal.message, Flush::kNo);
    return session;
  }
  auto session = wiring_.broker.FindSession(SessionId{hello.session()}, hello.token());
  if (!session) End(Reason::kSessionLost, "no such session; begin a new one", Flush::kNo);
  return session;
}

void SessionStream::Process(v1::SessionRequest& message) {
  session_->Touch();
  if (message.answers_seen() != 0 && !session_->Confirm(message.answers_seen())) {
    return End(Reason::kInvalidArgument, "answers_seen goes back, or ahead of what was sent", Flush::kNo);
  }
  for (v1::Operation& operation : *message.mutable_operations()) {
    if (!Begin(std::move(operation))) return;
  }
  if (message.goodbye()) {
    End(Ending{Reason::kOk, "", Flush::kYes, true});
  } else if (message.operations().empty() && !message.has_hello()) {
    {
      MutexLock lock(mutex_);
      heartbeat_ = true;
    }
    RequestWrite();
  }
}

bool SessionStream::Begin(v1::Operation&& operation) {
  const std::uint64_t id = operation.id();
  if (id == 0) {
    End(Reason::kInvalidArgument, "operations: ids begin at 1", Flush::kNo);
    return false;
  }
  if (operation.has_cancel()) {
    session_->Cancel(id, operation.cancel().operation());
    return true;
  }
  wire::Parsed parsed = wire::Parse(std::move(operation));
  if (auto* invalid = std::get_if<wire::Invalid>(&parsed)) {
    session_->Refuse(id, Answer::Refused(invalid->reason, std::move(invalid->message)));
  } else {
    auto& routed = std::get<wire::Routed>(parsed);
    session_->Submit(id, routed.space, std::move(routed.command));
  }
  return true;
}

void SessionStream::ReadNext() {
  {
    MutexLock lock(mutex_);
    keep_read_ = shared_from_this();
  }
  stream_.Read(&request_, &read_);
}

void SessionStream::ReadUnlessAhead() {
  {
    MutexLock lock(mutex_);
    if (ending_) return;
    if (writing_ && ++reads_ahead_ >= kReadsPerWrite) {
      reading_paused_ = true;
      return;
    }
  }
  ReadNext();
}

void SessionStream::ResumeReading() {
  {
    MutexLock lock(mutex_);
    reads_ahead_ = 0;
    if (!reading_paused_ || ending_) return;
    reading_paused_ = false;
  }
  ReadNext();
}

// ---- writing -----------------------------------------------------------------------------------

void SessionStream::Wake() {
  {
    MutexLock lock(mutex_);
    woken_ = true;
  }
  RequestWrite();
}

void SessionStream::Gone(Reason reason, const std::string& message) {
  End(reason, message, reason == Reason::kUnavailable ? Flush::kYes : Flush::kNo);
}

void SessionStream::Drain() { End(Reason::kUnavailable, "the server is stopping", Flush::kYes); }

void SessionStream::End(Ending&& ending) {
  {
    MutexLock lock(mutex_);
    if (ending_) return;
    ending_ = std::move(ending);
  }
  RequestWrite();
}

bool SessionStream::ClaimWriting() {
  MutexLock lock(mutex_);
  return !std::exchange(writing_, true);
}

bool SessionStream::GiveBackWriting() {
  MutexLock lock(mutex_);
  if (woken_ || heartbeat_ || ending_) return false;
  writing_ = false;
  return true;
}

void SessionStream::RequestWrite() {
  if (ClaimWriting()) QueueThread::AfterEvent(shared_from_this());
}

void SessionStream::WriteNext() {
  do {
    std::optional<Ending> ending;
    {
      MutexLock lock(mutex_);
      woken_ = false;
      ending = ending_;
    }
    v1::SessionResponse response;
    if ((!ending || ending->flush == Flush::kYes) && Fill(&response)) return Write(response);
    if (ending) return Finish(*ending);
  } while (!GiveBackWriting());
  ResumeReading();
}

bool SessionStream::Fill(v1::SessionResponse* response) {
  if (!session_) return false;
  bool owed = false;
  {
    MutexLock lock(mutex_);
    owed = std::exchange(heartbeat_, false) || welcome_;
    if (welcome_) response->mutable_welcome()->Swap(&*welcome_);
    welcome_.reset();
  }
  for (const broker::SessionAnswer& ready : session_->TakeAnswers(this, kItemsPerWrite, kBytesPerWrite)) {
    v1::Answer* answer = response->add_answers();
    wire::Write(*ready.answer, answer);
    answer->set_operation(ready.operation);
  }
  return owed || !response->answers().empty();
}

void SessionStream::Write(const v1::SessionResponse& response) {
  {
    MutexLock lock(mutex_);
    keep_write_ = shared_from_this();
  }
  stream_.Write(response, &written_);  // encodes the response before it returns
}

void SessionStream::Finish(const Ending& ending) {
  if (ending.goodbye) session_->End();
  {
    MutexLock lock(mutex_);
    keep_write_ = shared_from_this();
  }
  stream_.Finish(Refusal(context_, ending.reason, ending.message), &finished_);
}

}  // namespace sluice::rpc
