#include "server/rpc/backup_call.h"

#include <utility>

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>

#include "server/rpc/event.h"
#include "server/rpc/status.h"

namespace sluice::rpc {
namespace {

// Owns: itself, until it is finished. A caller that goes away changes nothing: the backup is finished.
class BackupCall {
 public:
  static void Listen(const Wiring& wiring, v1::AdminService::AsyncService* admin) {
    auto* call = new BackupCall(wiring, admin);
    admin->RequestBackup(&call->context_, &call->request_, &call->writer_, &wiring.queue, &wiring.queue,
                         &call->accepted_);
  }

 private:
  BackupCall(const Wiring& wiring, v1::AdminService::AsyncService* admin)
      : wiring_(wiring), object_(wiring.calls.objects().Take()), admin_(admin) {}

  void OnAccepted(bool ok) {
    if (!ok) return OnFinished(false);
    under_way_ = wiring_.calls.under_way().Take();
    Listen(wiring_, admin_);
    wiring_.take_backup(request_.directory(), [this](BackupResult&& result) { Answer(result); });
  }
  void Answer(const BackupResult& result) {
    if (result.reason != Reason::kOk) {
      writer_.FinishWithError(Refusal(context_, result.reason, result.message), &finished_);
      return;
    }
    v1::BackupResponse response;
    response.set_directory(result.directory);
    response.set_bytes(result.bytes);
    writer_.Finish(response, grpc::Status::OK, &finished_);
  }
  void OnFinished(bool /*ok*/) { delete this; }

  Wiring wiring_;
  // Before the context, so that they go after it.
  Tickets::Ticket object_;
  Tickets::Ticket under_way_;
  v1::AdminService::AsyncService* const admin_;
  grpc::ServerContext context_;
  v1::BackupRequest request_;
  grpc::ServerAsyncResponseWriter<v1::BackupResponse> writer_{&context_};
  EventOf<BackupCall> accepted_{this, &BackupCall::OnAccepted};
  EventOf<BackupCall> finished_{this, &BackupCall::OnFinished};
};

}  // namespace

void ListenToBackups(const Wiring& wiring, v1::AdminService::AsyncService* admin) { BackupCall::Listen(wiring, admin); }

}  // namespace sluice::rpc
