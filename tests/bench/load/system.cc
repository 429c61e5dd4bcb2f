#include "tests/bench/load/system.h"

#include <map>
#include <stdexcept>

namespace sluice::load {
namespace {

using Maker = std::unique_ptr<System> (*)(const Place&);

const std::map<std::string, Maker>& Makers() {
  static const std::map<std::string, Maker> kMakers{
      {"sluice", MakeSluice},
      {"sluice-prefetch", MakeSluicePrefetch},
      {"sluice-unary", MakeSluiceUnary},
      {"beanstalkd", MakeBeanstalkd},
      {"raw", MakeRaw},
#ifdef SLUICE_LOAD_REDIS
      {"redis", MakeRedis},
#endif
#ifdef SLUICE_LOAD_RABBITMQ
      {"rabbitmq", MakeRabbitmq},
      {"rabbitmq-nowait", MakeRabbitmqNowait},
#endif
#ifdef SLUICE_LOAD_NATS
      {"nats", MakeNats},
#endif
  };
  return kMakers;
}

}  // namespace

std::vector<std::string> SystemNames() {
  std::vector<std::string> names;
  for (const auto& [name, maker] : Makers()) names.push_back(name);
  return names;
}

std::unique_ptr<System> MakeSystem(const std::string& name, const Place& place) {
  const auto found = Makers().find(name);
  if (found == Makers().end()) throw std::invalid_argument("not built with a driver for " + name);
  return found->second(place);
}

}  // namespace sluice::load
