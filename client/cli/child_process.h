// One shell command that works on one item.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::cli {

struct ChildJob {
  std::string command;                                           // for /bin/sh -c
  std::string_view input;                                        // its standard input; Borrows: until RunChild returns
  std::vector<std::pair<std::string, std::string>> environment;  // added to ours
  bool output_to_stderr = false;                                 // our standard output is for JSON
};

struct ChildResult {
  int status = 0;      // of waitpid
  std::string errors;  // the last lines of its standard error
};

// Blocks: until the command has ended. Stopping `stop` sends its process group SIGTERM. It gets the signal, too, when
// this process dies: nobody works on an item that somebody else is given. Its standard error goes on to ours.
// Throws std::system_error when it cannot be started.
//
// Thread safety: may be called from any thread.
ChildResult RunChild(const ChildJob& job, const std::stop_token& stop);

// "exit code 3", "killed by signal 9 (Killed)".
std::string DescribeStatus(int status);

}  // namespace sluice::cli
