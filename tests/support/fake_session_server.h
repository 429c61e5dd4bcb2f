// A server of the Session stream that does nothing by itself: the test says what it answers, and when it breaks.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include <sluice/error.h>
#include <sluice/mutex.h>

#include "common/answer.h"
#include "sluice/v1/queue.grpc.pb.h"

namespace sluice::testing {

// One stream of a client. Every wait is bounded; what does not come in time ends the program.
class FakeStream : public grpc::ServerBidiReactor<v1::SessionRequest, v1::SessionResponse> {
 public:
  explicit FakeStream(grpc::CallbackServerContext* context);

  // The hello, and the answer to it.
  v1::SessionRequest Hello();
  void Welcome(std::uint64_t session, bool resumed = false, std::uint64_t operations_seen = 0,
               std::chrono::milliseconds lease = std::chrono::seconds(30),
               std::chrono::milliseconds grace = std::chrono::seconds(5));
  // Of a server that was started anew and has kept the session.
  void WelcomeRestarted(std::uint64_t session);

  // The next message, or operation; heartbeats are answered and passed over by NextOperation.
  v1::SessionRequest NextMessage();
  v1::Operation NextOperation();
  void Answer(std::uint64_t operation, const sluice::Answer& answer);
  void Write(const v1::SessionResponse& response);

  // Ends the stream in an orderly way, with a reason.
  void End(Reason reason, const std::string& message);
  // Ends it as a broken connection does.
  void Cut();
  // Waits until the client has gone (or is cut off).
  void WaitUntilGone();
  // How many answers the client has confirmed.
  std::uint64_t answers_seen();

 private:
  friend class FakeSessionServer;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  template <typename Condition>
  void WaitFor(const char* what, Condition condition) SLUICE_REQUIRES(mutex_);

  grpc::CallbackServerContext* const context_;
  v1::SessionRequest request_;
  v1::SessionResponse response_;

  Mutex mutex_;
  CondVar changed_;
  std::deque<v1::SessionRequest> messages_ SLUICE_GUARDED_BY(mutex_);
  std::deque<v1::Operation> operations_ SLUICE_GUARDED_BY(mutex_);
  std::uint64_t answers_seen_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool writing_ SLUICE_GUARDED_BY(mutex_) = false;
  bool read_all_ SLUICE_GUARDED_BY(mutex_) = false;
  bool finished_ SLUICE_GUARDED_BY(mutex_) = false;
  bool done_ SLUICE_GUARDED_BY(mutex_) = false;
};

class FakeSessionServer {
 public:
  // Listens at once, on a Unix socket of its own.
  FakeSessionServer();
  ~FakeSessionServer();

  const std::string& address() const { return address_; }
  // The next stream that a client opens.
  std::shared_ptr<FakeStream> NextStream();
  // True: a stream has come that NextStream has not given out yet.
  bool HasStream();

  // Goes away, and comes back at the same address.
  void Stop();
  void Start();

 private:
  class Service : public v1::QueueService::CallbackService {
   public:
    explicit Service(FakeSessionServer& server) : server_(server) {}
    grpc::ServerBidiReactor<v1::SessionRequest, v1::SessionResponse>* Session(
        grpc::CallbackServerContext* context) override;

   private:
    FakeSessionServer& server_;
  };

  const std::string directory_;
  const std::string address_;
  Service service_{*this};
  std::unique_ptr<grpc::Server> server_;

  Mutex mutex_;
  CondVar changed_;
  std::vector<std::shared_ptr<FakeStream>> streams_ SLUICE_GUARDED_BY(mutex_);  // all there ever were
  std::size_t given_out_ SLUICE_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice::testing
