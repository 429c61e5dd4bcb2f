// sluiced's command line: flags over the configuration file over defaults.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "server/config.h"

namespace sluice::server {

inline constexpr int kExitOk = 0;
inline constexpr int kExitCannotServe = 1;
inline constexpr int kExitInvalid = 2;  // flags or file

struct CommandLine {
  Config config;
  std::string verify;            // a data directory that is to be verified, nothing else; empty: none
  std::optional<int> exit_code;  // there is nothing to serve: everything that was asked for has been said
};

// `arguments` without the program's name. Says to `out` what was asked for and to `errors` what is wrong.
CommandLine ParseCommandLine(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& errors);

}  // namespace sluice::server
