#include "client/cpp/examples/pipeline/workers.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace pipeline {
namespace {

// Starts this program anew: a client does not survive a fork.
pid_t Spawn(std::vector<std::string> arguments, const std::filesystem::path& log) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);  // the orchestrator blocks signals, see interrupt.h
  posix_spawnattr_setpgroup(&attributes, 0);       // Ctrl-C goes to the orchestrator, which ends its workers
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);

  pid_t pid = 0;
  const int error = posix_spawn(&pid, "/proc/self/exe", &files, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw std::system_error(error, std::generic_category(), "cannot start a worker");
  return pid;
}

std::string HowItEnded(int status) {
  if (WIFSIGNALED(status)) return "was killed by signal " + std::to_string(WTERMSIG(status));
  return "ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Workers::Workers(Run run, std::filesystem::path log) : run_(std::move(run)), log_(std::move(log)) {}

Workers::~Workers() {
  for (const auto& [pid, stage] : stages_) kill(pid, SIGKILL);
  for (const auto& [pid, stage] : stages_) waitpid(pid, nullptr, 0);
}

void Workers::Start(const std::string& stage, std::size_t freeze_at) {
  const pid_t pid = Spawn({"pipeline", "work", stage, "--address", run_.address, "--run", run_.id, "--pictures",
                           run_.pictures, "--thumbnails", run_.thumbnails, "--freeze-at", std::to_string(freeze_at)},
                          log_);
  stages_[pid] = stage;
  if (freeze_at > 0) victim_ = pid;
}

void Workers::Watch() {
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0;) {
    if (WIFSTOPPED(status)) {
      if (pid == victim_ && WSTOPSIG(status) == SIGSTOP) {
        kill(pid, SIGKILL);
        killed_ = pid;
      }
      continue;
    }
    const auto worker = stages_.extract(pid);
    const bool expected = pid == killed_ || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (!worker.empty() && !expected) {
      throw std::runtime_error("a " + worker.mapped() + " worker " + HowItEnded(status));
    }
  }
}

}  // namespace pipeline
