// The nouns of a queue as JSON. Names and units are those of the wire.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/types.h>
#include <nlohmann/json.hpp>

namespace sluice::cli {

using Json = nlohmann::ordered_json;

Json ToJson(const QueueSettings& settings);
Json ToJson(const QueueStats& stats);
Json ToJson(const QueueCounts& counts);
Json ToJson(const QueueDescription& description);
// Values that are not UTF-8 as {"base64": ...}.
Json ToJson(const std::vector<std::pair<std::string, std::string>>& headers);

// Adds "payload" to `object`: the text when it is valid UTF-8, else base64 and "encoding": "base64".
void AddPayload(std::string_view payload, Json* object);

// One line; bytes that are not UTF-8 (of a name, an error text) are replaced.
std::string Dump(const Json& json);

std::int64_t UnixMs(TimePoint time);
std::string_view OrderName(Order order);
std::string_view DurabilityName(Durability durability);

}  // namespace sluice::cli
