#include "server/rpc/server_calls.h"

#include "server/rpc/server_hooks.h"
#include "server/rpc/side_call.h"

namespace sluice::rpc {
namespace {

using journal::Result;
using Storage = v1::DescribeServerResponse::Storage;

void TakeBackup(auto& call) {
  call.wiring().hooks.take_backup(call.request().directory(), [&call](BackupResult&& result) {
    if (result.reason != Reason::kOk) return call.Refuse(result.reason, result.message);
    v1::BackupResponse response;
    response.set_directory(result.directory);
    response.set_bytes(result.bytes);
    call.Answer(response);
  });
}

Storage::State StateOf(Result health) {
  if (health == Result::kOk) return Storage::OK;
  if (health == Result::kFull) return Storage::FULL;
  return journal::IsDamage(health) ? Storage::DAMAGED : Storage::FAILING;
}

void Write(const broker::StorageStatus& from, Storage* to) {
  to->set_state(StateOf(from.health.result));
  to->set_trouble(from.health.text);
  to->set_batches(from.activity.batches);
  to->set_bytes(from.activity.bytes);
  to->set_syncs(from.activity.syncs);
  to->set_refused(from.activity.refused);
  to->set_failures(from.activity.failures);
}

void Describe(auto& call) {
  const ServerStatus status = call.wiring().hooks.describe();
  v1::DescribeServerResponse response;
  response.set_version(SLUICE_VERSION);
  response.set_uptime_ms(static_cast<std::uint64_t>(status.uptime.count()));
  response.set_serving(status.serving);
  response.set_namespaces(status.broker.namespaces);
  response.set_queues(status.broker.queues);
  response.set_sessions(status.broker.sessions);
  response.set_waiting_calls(status.broker.waiters);
  response.set_memory_bytes(status.broker.memory_used);
  response.set_memory_limit_bytes(status.broker.memory_limit);
  if (status.broker.storage) {
    Write(*status.broker.storage, response.mutable_storage());
    if (status.free_bytes != UINT64_MAX) response.mutable_storage()->set_free_bytes(status.free_bytes);
  }
  call.Answer(response);
}

}  // namespace

void ListenToServerCalls(const Wiring& wiring, v1::AdminService::AsyncService* admin) {
  using Admin = v1::AdminService::AsyncService;
  ListenAside(wiring, admin, &Admin::RequestBackup, [](auto& call) { TakeBackup(call); });
  ListenAside(wiring, admin, &Admin::RequestDescribeServer, [](auto& call) { Describe(call); });
}

}  // namespace sluice::rpc
