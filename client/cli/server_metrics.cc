#include "client/cli/server_metrics.h"

#include <array>
#include <cstdint>
#include <sstream>
#include <utility>

namespace sluice::cli {
namespace {

constexpr std::array kStates{StorageState::kOk, StorageState::kFull, StorageState::kFailing, StorageState::kDamaged};

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char each : text) {
    if (each == '"' || each == '\\') quoted += '\\';
    quoted += each;
  }
  return quoted + '"';
}

class Metrics {
 public:
  explicit Metrics(std::string_view address) : labels_("server=" + Quoted(address)) {}

  void Gauge(std::string_view name, std::string_view help, auto value) {
    Describe(name, "gauge", help);
    Add(name, "", value);
  }
  void Counter(std::string_view name, std::string_view help, std::uint64_t value) {
    Describe(name, "counter", help);
    Add(name, "", value);
  }
  void Info(std::string_view name, std::string_view help, std::string_view version) {
    Describe(name, "gauge", help);
    Add(name, ",version=" + Quoted(version), 1);
  }
  // One of several values is the case.
  void State(std::string_view name, std::string_view help, StorageState state) {
    Describe(name, "gauge", help);
    for (const StorageState each : kStates) {
      Add(name, ",state=" + Quoted(StorageStateName(each)), each == state ? 1 : 0);
    }
  }
  std::string text() const { return text_.str(); }

 private:
  void Describe(std::string_view name, std::string_view type, std::string_view help) {
    text_ << "# HELP " << name << " " << help << "\n# TYPE " << name << " " << type << "\n";
  }
  void Add(std::string_view name, std::string_view more_labels, auto value) {
    text_ << name << "{" << labels_ << more_labels << "} " << value << "\n";
  }

  const std::string labels_;
  std::ostringstream text_;
};

void AddStorage(const StorageStatus& storage, Metrics* metrics) {
  metrics->State("sluice_storage_state", "1 for the state of the data directory.", storage.state);
  if (storage.free_bytes) {
    metrics->Gauge("sluice_storage_free_bytes", "Free on the disk of the data directory.", *storage.free_bytes);
  }
  metrics->Counter("sluice_storage_batches_total", "Batches written.", storage.batches);
  metrics->Counter("sluice_storage_written_bytes_total", "Bytes in the batches written.", storage.bytes);
  metrics->Counter("sluice_storage_syncs_total", "Syncs of the log, each of which may cover many batches.",
                   storage.syncs);
  metrics->Counter("sluice_storage_refused_writes_total", "Attempts to write a batch that did not succeed.",
                   storage.refused);
  metrics->Counter("sluice_storage_failures_total", "Failures of the disk: writes, syncs, attempts to open it anew.",
                   storage.failures);
}

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

std::string FormatMetrics(std::string_view address, const std::optional<ServerStatus>& status) {
  Metrics metrics(address);
  metrics.Gauge("sluice_up", "1 when the server answers.", status ? 1 : 0);
  if (!status) return metrics.text();
  metrics.Info("sluice_build_info", "The version of the server.", status->version);
  metrics.Gauge("sluice_serving", "1 while health checks are told SERVING.", status->serving ? 1 : 0);
  metrics.Gauge("sluice_uptime_seconds", "Since the server was started.",
                std::chrono::duration<double>(status->uptime).count());
  metrics.Gauge("sluice_namespaces", "Namespaces, those without queues too.", status->namespaces);
  metrics.Gauge("sluice_queues", "Queues of all namespaces.", status->queues);
  metrics.Gauge("sluice_sessions", "Sessions of clients.", status->sessions);
  metrics.Gauge("sluice_waiting_calls", "Puts, gets and joins that wait.", status->waiting_calls);
  metrics.Gauge("sluice_memory_bytes", "Memory in use for items.", status->memory_bytes);
  metrics.Gauge("sluice_memory_limit_bytes", "Limit of sluice_memory_bytes.", status->memory_limit_bytes);
  if (status->storage) AddStorage(*status->storage, &metrics);
  return metrics.text();
}

}  // namespace sluice::cli
