// The calls that concern the server as a whole: Backup and DescribeServer.
#pragma once

#include "server/rpc/wiring.h"
#include "sluice/v1/admin.grpc.pb.h"

namespace sluice::rpc {

// Waits on the wiring's queue for one more call of each. Borrows: `admin`, for the life of the transport.
void ListenToServerCalls(const Wiring& wiring, v1::AdminService::AsyncService* admin);

}  // namespace sluice::rpc
