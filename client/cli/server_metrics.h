// The status of a server in the text format of Prometheus: for its agents' textfile collectors.
#pragma once

#include <string>
#include <string_view>

#include <sluice/server_status.h>

namespace sluice::cli {

// Of each metric its help, its type and its value; ends with a newline.
std::string FormatMetrics(const ServerStatus& status);

// "ok", "full", "failing", "damaged"
std::string_view StorageStateName(StorageState state);

}  // namespace sluice::cli
