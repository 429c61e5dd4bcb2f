// The status of a server in the text format of Prometheus.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sluice/server_status.h>

namespace sluice::cli {

// Of each metric its help, its type and its values, which name the server by its address. No status: it did not answer.
std::string FormatMetrics(std::string_view address, const std::optional<ServerStatus>& status);

// "ok", "full", "failing", "damaged"
std::string_view StorageStateName(StorageState state);

}  // namespace sluice::cli
