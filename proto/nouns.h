// The nouns that requests and responses share, to and from their messages. Internal to proto/wire.
#pragma once

#include <cstdint>

#include <sluice/clock.h>
#include <sluice/types.h>

#include "common/item.h"
#include "sluice/v1/queue.pb.h"

namespace sluice::wire {

// The payload moves: no byte of it is copied. Headers come sorted by name.
ContentPtr ToContent(v1::Item&& item);
// Of a header that occurs twice the last one counts.
void FillItem(const Content& content, v1::Item* item);

// Requires: order and durability are known values.
QueueSettings ToSettings(const v1::QueueSettings& settings);
void FillSettings(const QueueSettings& settings, v1::QueueSettings* message);

// Of a put that has happened: of a level that is unknown, the least is promised.
Durability ReachedDurability(v1::Durability durability);

// Milliseconds since the Unix epoch. Absurd values from a peer are clamped.
TimePoint FromUnixMs(std::int64_t ms);
std::int64_t ToUnixMs(TimePoint time);

}  // namespace sluice::wire
