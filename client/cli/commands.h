// Every command by name; each is defined in the file of its noun.
#pragma once

#include "client/cli/context.h"

namespace sluice::cli {

// queue_commands.cc
Command CreateCommand();
Command UpdateCommand();
Command DeleteCommand();
Command ListCommand();
Command DescribeCommand();
Command StatsCommand();
Command PauseCommand();
Command ResumeCommand();
Command PurgeCommand();
// item_commands.cc
Command DoneCommand();
Command FailCommand();
Command ReleaseCommand();
Command ExtendCommand();
Command PeekCommand();
// end_commands.cc
Command JoinCommand();
Command ShutdownCommand();
Command ReopenCommand();
// put_command.cc, get_command.cc, bench_command.cc
Command PutCommand();
Command GetCommand();
Command BenchCommand();
// worker_command.cc
Command WorkerCommand();
// server_commands.cc
Command BackupCommand();
Command StatusCommand();
Command PingCommand();
Command CompletionCommand();

}  // namespace sluice::cli
