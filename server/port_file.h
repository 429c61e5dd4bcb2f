// Tells other programs where the server listens, also when it chose the ports itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sluice::server {

// The file is there, whole, from Write to the end of this object's life.
class PortFile {
 public:
  PortFile() = default;
  ~PortFile() { Remove(); }
  PortFile(const PortFile&) = delete;
  PortFile& operator=(const PortFile&) = delete;

  // One address a line. Returns why it could not be written.
  std::optional<std::string> Write(const std::string& path, const std::vector<std::string>& addresses);
  // Idempotent.
  void Remove();

 private:
  std::string path_;  // empty: not written
};

}  // namespace sluice::server
