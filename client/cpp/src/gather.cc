#include "client/cpp/src/gather.h"

#include <utility>

#include "client/cpp/src/lease.h"
#include "client/cpp/src/queue_commands.h"

namespace sluice::detail {

Gather::Gather(std::string space, const Get& first, const GetManyOptions& options)
    : space_(std::move(space)),
      first_(first),
      enough_(options.min_items == 0 ? first.max_items : options.min_items),
      linger_(options.linger) {}

void Gather::Add(const std::shared_ptr<Link>& link, Answer&& answer, Epoch epoch) {
  if (!deadline_) deadline_ = link->Now() + linger_;
  // Lost with a session in between: these items come, or have just come, again.
  std::erase_if(leases_, [](const Lease& lease) { return !lease.state()->Held(); });
  AddLeases(link, space_, first_.queue, std::move(answer), epoch, &leases_);
}

std::optional<Get> Gather::Next(const Link& link) const {
  if (leases_.size() >= enough_) return std::nullopt;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - link.Now());
  if (left <= std::chrono::milliseconds(0)) return std::nullopt;
  Get rest = first_;
  rest.max_items -= static_cast<std::uint32_t>(leases_.size());
  rest.timeout = left;
  return rest;
}

}  // namespace sluice::detail
