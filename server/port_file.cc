#include "server/port_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace sluice::server {

std::optional<std::string> PortFile::Write(const std::string& path, const std::vector<std::string>& addresses) {
  const std::string unfinished = path + "." + std::to_string(::getpid());
  std::ofstream file(unfinished, std::ios::trunc);
  for (const std::string& address : addresses) file << address << '\n';
  file.close();
  if (!file || std::rename(unfinished.c_str(), path.c_str()) != 0) {
    const std::string problem = "cannot write the port file " + path + ": " + std::strerror(errno);
    ::unlink(unfinished.c_str());
    return problem;
  }
  path_ = path;
  return std::nullopt;
}

void PortFile::Remove() {
  if (!path_.empty()) ::unlink(path_.c_str());
  path_.clear();
}

}  // namespace sluice::server
