#include <sluice/backup.h>

#include "client/cpp/src/admin_call.h"

namespace sluice {

Backup take_backup(const std::string& address, const std::string& name, const BackupOptions& options) {
  v1::BackupRequest request;
  request.set_directory(name);
  const v1::BackupResponse response = detail::CallAdmin(address, {options.connect_timeout, std::nullopt, options.stop},
                                                        &v1::AdminService::Stub::Backup, request);
  return {response.directory(), response.bytes()};
}

}  // namespace sluice
