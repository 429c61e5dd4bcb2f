#include "tests/sim/connection.h"

#include <algorithm>
#include <utility>

namespace sluice::sim {
namespace {

using namespace std::chrono_literals;

Connection::Side Other(Connection::Side side) {
  return side == Connection::kClient ? Connection::kServer : Connection::kClient;
}

}  // namespace

TimePoint Connection::Arrival(Side to) {
  const Duration usual = Duration(20 + dice_.Below(400));
  const Duration delay = dice_.OneIn(40) ? usual + Duration(dice_.Below(200'000)) : usual;
  return last_[to] = std::max(last_[to] + 1us, agenda_.Now() + delay);
}

void Connection::Send(Side from, std::string bytes) {
  if (cut_) return;
  const Side to = Other(from);
  agenda_.At(Arrival(to), [self = shared_from_this(), to, bytes = std::move(bytes)] {
    if (self->cut_) return;
    if (const auto receive = self->ends_[to].receive) receive(bytes);
  });
}

void Connection::Close(Side from, Reason why) {
  LetGo(from);
  if (cut_) return;
  const Side to = Other(from);
  agenda_.At(Arrival(to), [self = shared_from_this(), to, why] {
    if (!self->cut_) self->Told(to, why);
  });
}

void Connection::Cut(Duration client_notices, Duration server_notices) {
  if (std::exchange(cut_, true)) return;
  agenda_.After(client_notices, [self = shared_from_this()] { self->Told(kClient, Reason::kUnavailable); });
  agenda_.After(server_notices, [self = shared_from_this()] { self->Told(kServer, Reason::kUnavailable); });
}

void Connection::Told(Side side, Reason why) {
  const End end = std::exchange(ends_[side], {});
  if (end.closed) end.closed(why);
}

}  // namespace sluice::sim
