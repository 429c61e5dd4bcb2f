#include "client/cli/commands.h"

namespace sluice::cli {

const std::vector<Command>& Commands() {
  static const std::vector<Command> commands{
      PutCommand(),    GetCommand(),      DoneCommand(),     FailCommand(),   ReleaseCommand(),
      ExtendCommand(), PeekCommand(),     CreateCommand(),   UpdateCommand(), DeleteCommand(),
      ListCommand(),   DescribeCommand(), StatsCommand(),    PauseCommand(),  ResumeCommand(),
      PurgeCommand(),  JoinCommand(),     ShutdownCommand(), ReopenCommand(), WorkerCommand(),
      BackupCommand(), BenchCommand(),    StatusCommand(),   PingCommand(),   CompletionCommand()};
  return commands;
}

}  // namespace sluice::cli
