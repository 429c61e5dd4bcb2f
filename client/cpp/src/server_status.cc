#include <sluice/server_status.h>

#include "client/cpp/src/admin_call.h"

namespace sluice {
namespace {

using Storage = v1::DescribeServerResponse::Storage;

StorageState StateOf(Storage::State state) {
  switch (state) {
    case Storage::OK: return StorageState::kOk;
    case Storage::FULL: return StorageState::kFull;
    case Storage::DAMAGED: return StorageState::kDamaged;
    default: return StorageState::kFailing;
  }
}

StorageStatus FromWire(const Storage& storage) {
  StorageStatus status;
  status.state = StateOf(storage.state());
  status.trouble = storage.trouble();
  if (storage.has_free_bytes()) status.free_bytes = storage.free_bytes();
  status.batches = storage.batches();
  status.bytes = storage.bytes();
  status.syncs = storage.syncs();
  status.refused = storage.refused();
  status.failures = storage.failures();
  return status;
}

}  // namespace

ServerStatus get_server_status(const std::string& address, const ServerStatusOptions& options) {
  const v1::DescribeServerResponse response =
      detail::CallAdmin(address, {options.timeout, std::chrono::system_clock::now() + options.timeout, options.stop},
                        &v1::AdminService::Stub::DescribeServer, v1::DescribeServerRequest{});
  ServerStatus status;
  status.version = response.version();
  status.uptime = std::chrono::milliseconds(response.uptime_ms());
  status.serving = response.serving();
  status.namespaces = response.namespaces();
  status.queues = response.queues();
  status.sessions = response.sessions();
  status.waiting_calls = response.waiting_calls();
  status.memory_bytes = response.memory_bytes();
  status.memory_limit_bytes = response.memory_limit_bytes();
  if (response.has_storage()) status.storage = FromWire(response.storage());
  return status;
}

}  // namespace sluice
