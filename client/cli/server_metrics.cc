#include "client/cli/server_metrics.h"

#include <cstdint>
#include <sstream>

namespace sluice::cli {
namespace {

class Metrics {
 public:
  void Gauge(std::string_view name, std::string_view help, auto value) { Add(name, "gauge", help) << value << "\n"; }
  void Counter(std::string_view name, std::string_view help, std::uint64_t value) {
    Add(name, "counter", help) << value << "\n";
  }
  // One of several values is the case.
  void State(std::string_view name, std::string_view help, StorageState state) {
    Describe(name, "gauge", help);
    for (const StorageState each :
         {StorageState::kOk, StorageState::kFull, StorageState::kFailing, StorageState::kDamaged}) {
      text_ << name << "{state=\"" << StorageStateName(each) << "\"} " << (each == state ? 1 : 0) << "\n";
    }
  }
  std::string text() const { return text_.str(); }

 private:
  void Describe(std::string_view name, std::string_view type, std::string_view help) {
    text_ << "# HELP " << name << " " << help << "\n# TYPE " << name << " " << type << "\n";
  }
  std::ostream& Add(std::string_view name, std::string_view type, std::string_view help) {
    Describe(name, type, help);
    return text_ << name << " ";
  }

  std::ostringstream text_;
};

}  // namespace

std::string_view StorageStateName(StorageState state) {
  switch (state) {
    case StorageState::kOk: return "ok";
    case StorageState::kFull: return "full";
    case StorageState::kDamaged: return "damaged";
    case StorageState::kFailing: break;
  }
  return "failing";
}

std::string FormatMetrics(const ServerStatus& status) {
  Metrics metrics;
  metrics.Gauge("sluice_serving", "1 while health checks are told SERVING.", status.serving ? 1 : 0);
  metrics.Gauge("sluice_uptime_seconds", "Since the server was started.", status.uptime.count() / 1000);
  metrics.Gauge("sluice_namespaces", "Namespaces that have queues.", status.namespaces);
  metrics.Gauge("sluice_queues", "Queues of all namespaces.", status.queues);
  metrics.Gauge("sluice_sessions", "Sessions of clients.", status.sessions);
  metrics.Gauge("sluice_waiting_calls", "Puts, gets and joins that wait.", status.waiting_calls);
  metrics.Gauge("sluice_memory_bytes", "Memory in use for items.", status.memory_bytes);
  metrics.Gauge("sluice_memory_limit_bytes", "Limit of sluice_memory_bytes.", status.memory_limit_bytes);
  if (!status.storage) return metrics.text();
  const StorageStatus& storage = *status.storage;
  metrics.State("sluice_storage_state", "1 for the state of the data directory.", storage.state);
  if (storage.free_bytes) {
    metrics.Gauge("sluice_storage_free_bytes", "Free on the disk of the data directory.", *storage.free_bytes);
  }
  metrics.Counter("sluice_storage_batches_total", "Batches written.", storage.batches);
  metrics.Counter("sluice_storage_bytes_total", "Bytes in the batches written.", storage.bytes);
  metrics.Counter("sluice_storage_syncs_total", "Syncs of the log, each of which may cover many batches.",
                  storage.syncs);
  metrics.Counter("sluice_storage_refused_total", "Batches that were not written at the first attempt.",
                  storage.refused);
  metrics.Counter("sluice_storage_failures_total", "Writes and syncs that failed.", storage.failures);
  return metrics.text();
}

}  // namespace sluice::cli
