// What a producer puts and a consumer gets.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sluice/clock.h>

#include "common/bytes.h"
#include "common/ids.h"

namespace sluice {

using Headers = std::vector<std::pair<std::string, std::string>>;

// Never changes after the put: every delivery and every retained answer shares it.
struct Content {
  Bytes payload;
  std::string content_type;
  Headers headers;
  std::int64_t priority = 0;
};
using ContentPtr = std::shared_ptr<const Content>;

// An item and its lease.
struct Delivery {
  ItemId id;
  Fence fence;
  std::uint32_t attempt = 0;  // 1 for the first delivery
  TimePoint put_time;
  ContentPtr content;
};

// A look at a ready item.
struct PeekedItem {
  ItemId id;
  std::uint32_t attempts = 0;
  TimePoint put_time;
  std::string last_error;
  ContentPtr content;
};

}  // namespace sluice
