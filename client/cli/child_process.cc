#include "client/cli/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

namespace sluice::cli {
namespace {

constexpr std::size_t kTailBytes = 4096;
constexpr std::ptrdiff_t kTailLines = 10;

[[noreturn]] void ThrowErrno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

class Descriptor {
 public:
  Descriptor(int fd, const char* what) : fd_(fd) {
    if (fd_ < 0) ThrowErrno(what);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

// A file in memory that holds the item: the command reads as much of it as it likes, when it likes.
void Fill(int fd, std::string_view input) {
  while (!input.empty()) {
    const ssize_t written = ::write(fd, input.data(), input.size());
    if (written < 0 && errno != EINTR) ThrowErrno("cannot hold the item for the command");
    if (written > 0) input.remove_prefix(static_cast<std::size_t>(written));
  }
  ::lseek(fd, 0, SEEK_SET);
}

// The environment as execve wants it. Owns: the strings.
class Environment {
 public:
  explicit Environment(const std::vector<std::pair<std::string, std::string>>& added) {
    for (const auto& [name, value] : added) texts_.push_back(name + "=" + value);
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string_view inherited(*entry);
      const bool replaced = std::any_of(added.begin(), added.end(), [&](const auto& variable) {
        return inherited.starts_with(variable.first + "=");
      });
      if (!replaced) pointers_.push_back(*entry);
    }
    for (std::string& text : texts_) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
  }
  char* const* data() const { return pointers_.data(); }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

// After fork: only what is safe when other threads held locks.
[[noreturn]] void Become(const char* command, char* const* environment, int in, int out, int err, pid_t parent) {
  ::setpgid(0, 0);  // a Ctrl-C is for us: the command is told by us
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);  // we died before that
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::dup2(in, STDIN_FILENO);
  if (out != STDOUT_FILENO) ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  std::array<char, 3> shell{"sh"};
  std::array<char, 3> flag{"-c"};
  std::array<char*, 4> arguments{shell.data(), flag.data(), const_cast<char*>(command), nullptr};
  ::execve("/bin/sh", arguments.data(), environment);
  ::_exit(127);
}

// Passes on what the command says on its standard error; keeps its end.
class ErrorText {
 public:
  explicit ErrorText(int fd) : fd_(fd) { ::fcntl(fd, F_SETFL, O_NONBLOCK); }

  // Reads what is there. False: nothing more will come.
  bool Read() {
    std::array<char, 4096> piece;
    for (;;) {
      const ssize_t size = ::read(fd_, piece.data(), piece.size());
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return size < 0 && errno == EAGAIN;
      [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, piece.data(), static_cast<std::size_t>(size));
      text_.append(piece.data(), static_cast<std::size_t>(size));
      if (text_.size() > 2 * kTailBytes) text_.erase(0, text_.size() - kTailBytes);
    }
  }

  std::string Tail() const {
    std::string_view tail = text_;
    while (tail.ends_with('\n')) tail.remove_suffix(1);
    if (tail.size() > kTailBytes) tail.remove_prefix(tail.size() - kTailBytes);
    while (std::count(tail.begin(), tail.end(), '\n') >= kTailLines) tail.remove_prefix(tail.find('\n') + 1);
    return std::string(tail);
  }

 private:
  const int fd_;
  std::string text_;
};

// Until the command has ended; what background processes of it hold open does not count.
void Await(int pidfd, int errors_fd, ErrorText& errors) {
  std::array<pollfd, 2> events{pollfd{pidfd, POLLIN, 0}, pollfd{errors_fd, POLLIN, 0}};
  while (events[0].revents == 0) {
    if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR) ThrowErrno("poll");
    if (events[1].revents != 0 && !errors.Read()) events[1].fd = -1;
  }
  if (events[1].fd >= 0) errors.Read();
}

}  // namespace

ChildResult RunChild(const ChildJob& job, const std::stop_token& stop) {
  const Descriptor input(::memfd_create("sluice-item", MFD_CLOEXEC), "cannot hold the item for the command");
  Fill(input.get(), job.input);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) ThrowErrno("cannot make a pipe");
  const Descriptor errors_read(pipe[0], "pipe");
  std::optional<Descriptor> errors_write(std::in_place, pipe[1], "pipe");
  const Environment environment(job.environment);
  const pid_t parent = ::getpid();
  const int output = job.output_to_stderr ? STDERR_FILENO : STDOUT_FILENO;
  const pid_t pid = ::fork();
  if (pid == 0) Become(job.command.c_str(), environment.data(), input.get(), output, pipe[1], parent);
  if (pid < 0) ThrowErrno("cannot start the command");
  ::setpgid(pid, pid);  // here too: whoever comes first, the group is there before it is killed
  errors_write.reset();

  ErrorText errors(errors_read.get());
  {
    // Not pidfd_open(): the C library declares it without extern "C".
    const Descriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)), "cannot watch the command");
    // Gone before the process is reaped: the number cannot be another's yet.
    const std::stop_callback kill(stop, [pid] { ::kill(-pid, SIGTERM); });
    Await(pidfd.get(), errors_read.get(), errors);
  }
  ChildResult result{.errors = errors.Tail()};
  ::waitpid(pid, &result.status, 0);
  return result;
}

std::string DescribeStatus(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    const char* meaning = ::sigdescr_np(signal);
    return "killed by signal " + std::to_string(signal) + (meaning == nullptr ? "" : " (" + std::string(meaning) + ")");
  }
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace sluice::cli
