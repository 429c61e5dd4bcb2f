// Where log lines go (standard error) and how they look.
#pragma once

#include <string>
#include <string_view>

#include "server/config.h"

namespace sluice::server {

// Sets up the process's default logger of spdlog, and lets gRPC log through it. What is logged never breaks out of its
// line: client names and paths come from outside.
void SetUpLogging(LogFormat format, LogLevel level);

// Text without control characters, as it stands between the quotes of a JSON string. Bytes that are not UTF-8
// become U+FFFD.
std::string EscapeJson(std::string_view text);

}  // namespace sluice::server
