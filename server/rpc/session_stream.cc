#include "server/rpc/session_stream.h"

#include <cstddef>
#include <utility>
#include <vector>

#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/slice.h>
#include <spdlog/spdlog.h>

#include "server/rpc/session_messages.h"
#include "server/rpc/status.h"

namespace sluice::rpc {
namespace {

// One response: large enough that the cost of a message is spread over many answers, small enough that the first
// of them does not wait for the last.
constexpr std::size_t kItemsPerWrite = 512;
constexpr std::size_t kBytesPerWrite = 256u << 10;
// Requests that are read while one response is being written.
constexpr int kReadsPerWrite = 16;
// Operations of one message for which a thread keeps memory.
constexpr std::size_t kOperationsKept = 4'096;

constexpr char kNoMessage[] = "the message is no SessionRequest, or one with too many operations";

// Memory for one message, of each thread instead of each stream: it is read, or made, in one go.
struct Scratch {
  wire::RequestIn request;
  std::vector<broker::SubmittedOperation> operations;
  std::vector<wire::AnswerOut> answers;
  std::vector<broker::SessionRecall> recalled;
  std::vector<wire::RecallOut> recalls;
  wire::ResponseWriter writer;
};

Scratch& ThreadScratch() {
  thread_local Scratch scratch;
  return scratch;
}

bool Decode(grpc::ByteBuffer* message, wire::RequestIn* request) {
  grpc::ProtoBufferReader reader(message);
  return reader.status().ok() && wire::ReadRequest(&reader, request) && reader.status().ok();
}

// One piece of memory of exactly the size that is needed.
grpc::ByteBuffer Encode(wire::ResponseWriter& writer, const wire::ResponseOut& response) {
  const grpc::Slice slice(writer.Measure(response));
  writer.Write(reinterpret_cast<char*>(const_cast<std::uint8_t*>(slice.begin())));  // not shared yet
  return {&slice, 1};
}

}  // namespace

SessionStream::SessionStream(const Wiring& wiring, QueueService* service)
    : wiring_(wiring), object_(wiring.calls.objects().Take()), service_(service) {
  context_.AsyncNotifyWhenDone(&done_);
}

SessionStream::~SessionStream() { wiring_.calls.Remove(this); }

void SessionStream::Listen(const Wiring& wiring, QueueService* service) {
  auto stream = std::make_shared<SessionStream>(wiring, service);
  {
    MutexLock lock(stream->mutex_);
    stream->self_ = stream;
  }
  service->RequestSession(&stream->context_, &stream->stream_, &wiring.queue, &wiring.queue, &stream->accepted_);
}

// ---- events ------------------------------------------------------------------------------------

void SessionStream::Release() {
  std::shared_ptr<SessionStream> last;  // goes under no lock
  MutexLock lock(mutex_);
  if (--reasons_ == 0) last.swap(self_);
}

void SessionStream::OnAccepted(bool ok) {
  if (!ok) return Release();  // the server shuts down; `done` does not come for a call that never was
  under_way_ = wiring_.calls.under_way().Take();
  Listen(wiring_, service_);
  wiring_.calls.Add(this);
  if (wiring_.calls.draining()) return Drain();
  {
    MutexLock lock(mutex_);
    ++reasons_;
  }
  ReadNext();
}

void SessionStream::OnRead(bool ok) {
  bool ending = false;
  {
    MutexLock lock(mutex_);
    ending = ending_.has_value();
  }
  if (ending) {
    message_.Clear();  // what still comes belongs to nobody: the session may have another stream by now
  } else if (!ok) {    // half-closed; or broken, and then what is written fails
    session_ ? End(Reason::kOk, "", Flush::kYes) : End(Reason::kInvalidArgument, kHelloFirst, Flush::kNo);
  } else {
    Scratch& scratch = ThreadScratch();
    const bool readable = Decode(&message_, &scratch.request);
    message_.Clear();
    readable ? OnMessage(scratch.request) : End(Reason::kInvalidArgument, kNoMessage, Flush::kNo);
    if (scratch.request.operations.capacity() > kOperationsKept) scratch = {};
  }
  QueueThread::AfterEvent(&reader_);
}

void SessionStream::OnMessage(wire::RequestIn& request) {
  if (session_) {
    request.hello ? End(Reason::kInvalidArgument, kHelloFirst, Flush::kNo) : Process(request);
  } else if (ClaimWriting()) {  // or else the server drains: already ending
    if (Greet(request)) Process(request);
    QueueThread::AfterEvent(this);  // the right to write goes with it
  }
}

void SessionStream::OnWritten(bool ok) {
  if (ok) {
    session_->Touch();  // a client that takes long over a large answer is alive
    ResumeReading();
  } else {
    End(Reason::kOk, "", Flush::kNo);
  }
  WriteNext();
}

void SessionStream::OnFinished(bool /*ok*/) { Release(); }

void SessionStream::OnDone(bool /*ok*/) {
  bool goodbye = false;
  {
    MutexLock lock(mutex_);
    goodbye = ending_ && ending_->goodbye;
  }
  if (session_ && goodbye) {
    session_->End();
  } else if (session_) {
    session_->Detach(this);
  }
  End(Reason::kOk, "", Flush::kNo);
  Release();
}

// ---- reading -----------------------------------------------------------------------------------

bool SessionStream::Greet(const wire::RequestIn& request) {
  if (const std::string problem = HelloProblem(request); !problem.empty()) {
    End(Reason::kInvalidArgument, problem, Flush::kNo);
    return false;
  }
  const v1::Hello& hello = *request.hello;
  Answer refusal;
  session_ = OpenOrResume(wiring_.broker, hello, &refusal);
  if (!session_) {
    End(refusal.reason, refusal.message, Flush::kNo);
    return false;
  }
  const auto attached = session_->Attach(shared_from_this(), request.answers_seen);
  if (!attached.ok) {
    End(Reason::kSessionLost, "the session has ended; begin a new one", Flush::kNo);
    return false;
  }
  producer_ = hello.producer();
  spdlog::info("session {} {}: {} from {}", session_->id().value, hello.session() == 0 ? "begins" : "resumes",
               session_->client_name(), context_.peer());
  MutexLock lock(mutex_);
  welcome_ = WelcomeTo(hello, *session_, attached);
  welcome_->set_server_version(SLUICE_VERSION);
  return true;
}

void SessionStream::Process(wire::RequestIn& request) {
  session_->Touch();
  if (request.answers_seen != 0 && !session_->Confirm(request.answers_seen)) {
    return End(Reason::kInvalidArgument, "answers_seen goes back, or ahead of what was sent", Flush::kNo);
  }
  if (request.holding && !TakeHolding(*request.holding)) return;
  if (!Begin(request)) return;
  if (request.goodbye) {
    End(Ending{Reason::kOk, "", Flush::kYes, true});
  } else if (request.operations.empty() && !request.hello) {
    {
      MutexLock lock(mutex_);
      heartbeat_ = true;
      if (!ClaimWritingLocked()) return;
    }
    QueueThread::AfterEvent(this);
  }
}

bool SessionStream::TakeHolding(const v1::Holding& holding) {
  std::string problem;
  auto held = ReadHolding(holding, &problem);
  if (held) {
    session_->Holding(*std::move(held));
  } else {
    End(Reason::kInvalidArgument, problem, Flush::kNo);
  }
  return held.has_value();
}

bool SessionStream::Begin(wire::RequestIn& request) {
  std::vector<broker::SubmittedOperation>& operations = ThreadScratch().operations;
  const bool sensible = TakeOperations(request, producer_, &operations);
  if (!operations.empty()) session_->SubmitAll(std::move(operations));
  operations.clear();
  if (!sensible) End(Reason::kInvalidArgument, "operations: ids begin at 1", Flush::kNo);
  return sensible;
}

void SessionStream::ReadUnlessAhead() {
  bool read = false;
  {
    MutexLock lock(mutex_);
    if (!ending_) {
      reading_paused_ = writing_ && ++reads_ahead_ >= kReadsPerWrite;
      read = !reading_paused_;
    }
  }
  read ? ReadNext() : Release();
}

void SessionStream::ResumeReading() {
  {
    MutexLock lock(mutex_);
    reads_ahead_ = 0;
    if (!reading_paused_ || ending_) return;
    reading_paused_ = false;
    ++reasons_;
  }
  ReadNext();
}

// ---- writing -----------------------------------------------------------------------------------

void SessionStream::Wake() {
  {
    MutexLock lock(mutex_);
    woken_ = true;
    if (!ClaimWritingLocked()) return;
  }
  QueueThread::AfterEvent(this);
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
    if (!ClaimWritingLocked()) return;
  }
  QueueThread::AfterEvent(this);
}

bool SessionStream::ClaimWriting() {
  MutexLock lock(mutex_);
  return ClaimWritingLocked();
}

bool SessionStream::ClaimWritingLocked() {
  if (std::exchange(writing_, true)) return false;
  ++reasons_;
  return true;
}

bool SessionStream::GiveBackWriting() {
  {
    MutexLock lock(mutex_);
    if (woken_ || heartbeat_ || ending_) return false;
    writing_ = false;
  }
  ResumeReading();
  Release();
  return true;
}

SessionStream::Debt SessionStream::TakeDebt() {
  Debt debt;
  MutexLock lock(mutex_);
  woken_ = false;
  if (ending_) debt.ending = &*ending_;
  if (debt.ending != nullptr && debt.ending->flush == Flush::kNo) return debt;
  debt.heartbeat = std::exchange(heartbeat_, false);
  debt.welcome.swap(welcome_);
  return debt;
}

void SessionStream::WriteNext() {
  do {
    const Debt debt = TakeDebt();
    const bool flush = debt.ending == nullptr || debt.ending->flush == Flush::kYes;
    if (flush && Write(debt)) return;
    if (debt.ending != nullptr) return Finish(*debt.ending);
  } while (!GiveBackWriting());
}

bool SessionStream::Write(const Debt& debt) {
  if (!session_) return false;
  Scratch& scratch = ThreadScratch();
  scratch.recalled.clear();
  const auto ready = session_->TakeAnswers(this, kItemsPerWrite, kBytesPerWrite, &scratch.recalled);
  if (ready.empty() && scratch.recalled.empty() && !debt.welcome && !debt.heartbeat) return false;
  scratch.answers.clear();
  for (const broker::SessionAnswer& each : ready) scratch.answers.push_back({each.operation, each.answer.get()});
  scratch.recalls.clear();
  for (const broker::SessionRecall& each : scratch.recalled) {
    scratch.recalls.push_back({each.space, each.queue, each.last});
  }
  stream_.Write(Encode(scratch.writer, {debt.welcome ? &*debt.welcome : nullptr, scratch.answers, scratch.recalls}),
                &written_);
  return true;
}

void SessionStream::Finish(const Ending& ending) {
  if (ending.goodbye) session_->End();
  stream_.Finish(Refusal(context_, ending.reason, ending.message), &finished_);
}

}  // namespace sluice::rpc
