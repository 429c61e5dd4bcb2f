// The Session stream: one client's operations in, its answers out, many of each in a message.
//
//   accepted -> Hello (a new session, or one that is resumed) -> messages -> ending -> finished -> done
//
// Reading: each message is a sign of life, confirms answers, and begins operations. One read is in flight.
// Writing: one write is in flight; what becomes ready meanwhile goes out as one message when it is done. The right
// to write belongs to whoever turned `writing_` on, in whatever thread, until the write is done or nothing is left.
// Flow control: while one response is being written, at most kReadsPerWrite requests are read; then reading waits for
// that write, which ends when the client reads or its connection breaks. So a client that does not read is not
// listened to either, and nobody waits for each other. A client that keeps answers unconfirmed is cut off by the
// session's own bound.
//
// Messages are bytes here: proto/session_codec.h reads and writes them.
//
// Thread safety: Wake, Gone and Drain may come from any thread; events come in the queue's thread.
// Owns: itself, while gRPC owes it an event or somebody has the right to write.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/byte_buffer.h>

#include <sluice/mutex.h>

#include "proto/session_codec.h"
#include "server/broker/session.h"
#include "server/rpc/event.h"
#include "server/rpc/queue_thread.h"
#include "server/rpc/wiring.h"
#include "sluice/v1/queue.grpc.pb.h"

namespace sluice::rpc {

// The queue service, whose sessions are raw bytes.
using QueueService = v1::QueueService::WithRawMethod_Session<v1::QueueService::AsyncService>;

class SessionStream final : public broker::SessionSink,
                            public Deferred,
                            public std::enable_shared_from_this<SessionStream> {
 public:
  // Waits for the next stream. Borrows: `service`, for the life of the transport.
  static void Listen(const Wiring& wiring, QueueService* service);

  SessionStream(const Wiring& wiring, QueueService* service);
  ~SessionStream() override;

  void Wake() override SLUICE_EXCLUDES(mutex_);
  void Gone(Reason reason, const std::string& message) override;
  // Writes the answers that are ready and ends with UNAVAILABLE.
  void Drain();

 private:
  enum class Flush : bool { kNo, kYes };  // whether answers that are ready still go out
  struct Ending {
    Reason reason;
    std::string message;
    Flush flush;
    bool goodbye = false;  // the session ends with the stream
  };

  void OnAccepted(bool ok);
  void OnRead(bool ok);
  void OnWritten(bool ok);
  void OnFinished(bool ok);
  void OnDone(bool ok);

  // What one message says.
  void OnMessage(wire::RequestIn& request);
  // The first message. False: refused, the stream is ending.
  bool Greet(const wire::RequestIn& request);
  // False: it names what is no queue, the stream is ending.
  bool TakeHolding(const v1::Holding& holding);
  // What every message may carry.
  void Process(wire::RequestIn& request);
  // False: an operation makes no sense, the stream is ending. Those before it have begun.
  bool Begin(wire::RequestIn& request);

  // The first ending counts.
  void End(Reason reason, const std::string& message, Flush flush) { End(Ending{reason, message, flush}); }
  void End(Ending&& ending) SLUICE_EXCLUDES(mutex_);
  // True: the right to write is the caller's.
  bool ClaimWriting() SLUICE_EXCLUDES(mutex_);
  bool ClaimWritingLocked() SLUICE_REQUIRES(mutex_);
  // False: there is something to write after all.
  bool GiveBackWriting() SLUICE_EXCLUDES(mutex_);
  void RunDeferred() override { WriteNext(); }
  // Requires (all): the right to write. WriteNext writes what is ready, or finishes, or gives the right back.
  void WriteNext() SLUICE_EXCLUDES(mutex_);
  // What is owed beside answers.
  struct Debt {
    const Ending* ending = nullptr;
    std::optional<v1::Welcome> welcome;
    bool heartbeat = false;  // a response, be it empty
  };
  Debt TakeDebt() SLUICE_EXCLUDES(mutex_);
  // False: nothing is to be written.
  bool Write(const Debt& debt);
  void Finish(const Ending& ending);

  void ReadNext() { stream_.Read(&message_, &read_); }
  // The message was handled: reads on, or does not and lets go of the event. After what there is to write, so that the
  // client is not woken for what gRPC has to say about the next read alone.
  void ReadUnlessAhead() SLUICE_EXCLUDES(mutex_);
  class Reader final : public Deferred {
   public:
    explicit Reader(SessionStream* stream) : stream_(stream) {}
    void RunDeferred() override { stream_->ReadUnlessAhead(); }

   private:
    SessionStream* const stream_;
  };
  void ResumeReading() SLUICE_EXCLUDES(mutex_);

  // One reason less to live: an event has come, or the right to write is given up for good.
  void Release() SLUICE_EXCLUDES(mutex_);

  Wiring wiring_;
  // Before the context, so that they go after it.
  Tickets::Ticket object_;
  Tickets::Ticket under_way_;
  QueueService* const service_;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer> stream_{&context_};
  EventOf<SessionStream> accepted_{this, &SessionStream::OnAccepted};
  EventOf<SessionStream> read_{this, &SessionStream::OnRead};
  EventOf<SessionStream> written_{this, &SessionStream::OnWritten};
  EventOf<SessionStream> finished_{this, &SessionStream::OnFinished};
  EventOf<SessionStream> done_{this, &SessionStream::OnDone};
  Reader reader_{this};
  grpc::ByteBuffer message_;                  // the one that is being read
  std::shared_ptr<broker::Session> session_;  // set once, before the session knows this stream
  std::string producer_;                      // of puts that name none; set with it

  Mutex mutex_;  // held for flags only, never around a call of gRPC's or the broker's
  bool writing_ SLUICE_GUARDED_BY(mutex_) = false;
  bool woken_ SLUICE_GUARDED_BY(mutex_) = false;      // answers may have come since the last look
  bool heartbeat_ SLUICE_GUARDED_BY(mutex_) = false;  // a response is owed, be it empty
  bool reading_paused_ SLUICE_GUARDED_BY(mutex_) = false;
  int reads_ahead_ SLUICE_GUARDED_BY(mutex_) = 0;                 // requests read since the write in flight began
  std::optional<v1::Welcome> welcome_ SLUICE_GUARDED_BY(mutex_);  // until it is written
  std::optional<Ending> ending_ SLUICE_GUARDED_BY(mutex_);        // once set it does not change
  // Reasons to live: `done` (and `accepted`), the read that is begun, the right to write with what it began.
  int reasons_ SLUICE_GUARDED_BY(mutex_) = 1;
  std::shared_ptr<SessionStream> self_ SLUICE_GUARDED_BY(mutex_);  // while there is one
};

}  // namespace sluice::rpc
