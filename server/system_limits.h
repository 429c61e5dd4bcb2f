// What the system grants a server with many connections.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sluice::server {

// Raises the limit of open files to the most that is allowed: each connection is one. Idempotent.
// Returns: what the administrator should know, if anything: limits that are lower than many clients need.
std::vector<std::string> PrepareSystemLimits();

// The parts of it. Empty: the limit is high enough.
std::string FileLimitWarning(std::size_t files);
// `backlog`: connections that may wait until they are accepted. gRPC listens with what the system allows at most,
// net.core.somaxconn, for TCP as for Unix sockets.
std::string BacklogWarning(std::size_t backlog);

}  // namespace sluice::server
