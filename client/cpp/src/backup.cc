// One unary call to the admin service.
#include <sluice/backup.h>

#include <grpcpp/grpcpp.h>
#include <sluice/error.h>

#include "client/cpp/src/channel.h"
#include "client/cpp/src/validate.h"
#include "proto/wire.h"
#include "sluice/v1/admin.grpc.pb.h"

namespace sluice {

Backup take_backup(const std::string& address, const std::string& name, const BackupOptions& options) {
  detail::CheckAddress(address);
  detail::CheckNotForked();
  const auto channel = detail::MakeChannel(address);
  detail::AwaitConnected(*channel, address, options.connect_timeout, options.stop);
  const auto stub = v1::AdminService::NewStub(channel);
  grpc::ClientContext context;
  const std::stop_callback cancel(options.stop, [&] { context.TryCancel(); });
  v1::BackupRequest request;
  request.set_directory(name);
  v1::BackupResponse response;
  const grpc::Status status = stub->Backup(&context, request, &response);
  if (status.ok()) return {response.directory(), response.bytes()};
  if (options.stop.stop_requested()) throw Cancelled("nobody waits for the backup any more");
  ThrowError(wire::ToReason(status.error_code(), detail::ReasonNameOf(context)), status.error_message());
}

}  // namespace sluice
