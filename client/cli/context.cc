#include "client/cli/context.h"

#include <unistd.h>

namespace sluice::cli {

Client Context::Connect() const {
  return Client(address, {.name = "sluice-cli-" + std::to_string(::getpid()), .connect_timeout = connect_timeout});
}

}  // namespace sluice::cli
