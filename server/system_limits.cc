#include "server/system_limits.h"

#include <fstream>

#include <sys/resource.h>

namespace sluice::server {
namespace {

constexpr std::size_t kFilesWanted = 16'384;   // 10,000 clients on connections of their own, and room
constexpr std::size_t kBacklogWanted = 4'096;  // as many clients may come back at once after a restart
constexpr char kBacklogFile[] = "/proc/sys/net/core/somaxconn";

}  // namespace

std::string FileLimitWarning(std::size_t files) {
  if (files >= kFilesWanted) return "";
  return "at most " + std::to_string(files) + " open files, and so connections: for more, raise the hard limit of " +
         "open files (ulimit -Hn)";
}

std::string BacklogWarning(std::size_t backlog) {
  if (backlog >= kBacklogWanted) return "";
  return "at most " + std::to_string(backlog) + " connections may wait to be accepted: when many clients come at " +
         "once, some will have to try again; for more, raise net.core.somaxconn to " + std::to_string(kBacklogWanted);
}

std::vector<std::string> PrepareSystemLimits() {
  std::vector<std::string> warnings;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    if (files.rlim_cur < files.rlim_max) {
      const rlimit raised{files.rlim_max, files.rlim_max};
      if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) files = raised;
    }
    warnings.push_back(FileLimitWarning(files.rlim_cur));
  }
  std::size_t backlog = 0;
  if (std::ifstream(kBacklogFile) >> backlog) warnings.push_back(BacklogWarning(backlog));
  std::erase(warnings, "");
  return warnings;
}

}  // namespace sluice::server
