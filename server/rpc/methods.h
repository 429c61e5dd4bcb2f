// The list of unary methods.
#pragma once

#include "server/rpc/wiring.h"
#include "sluice/v1/admin.grpc.pb.h"
#include "sluice/v1/queue.grpc.pb.h"

namespace sluice::rpc {

// Waits on the wiring's queue for one more call of each unary method.
// Borrows: the services, for the life of the transport.
void ListenToUnaryCalls(const Wiring& wiring, v1::QueueService::AsyncService* queues,
                        v1::AdminService::AsyncService* admin);

}  // namespace sluice::rpc
