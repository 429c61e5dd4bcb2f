// The Backup call: no command of a queue's, so it goes beside the broker.
#pragma once

#include "server/rpc/wiring.h"
#include "sluice/v1/admin.grpc.pb.h"

namespace sluice::rpc {

// Waits on the wiring's queue for one more call. Borrows: `admin`, for the life of the transport.
void ListenToBackups(const Wiring& wiring, v1::AdminService::AsyncService* admin);

}  // namespace sluice::rpc
