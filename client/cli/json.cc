#include "client/cli/json.h"

#include "client/cli/payload.h"

namespace sluice::cli {

std::string_view OrderName(Order order) {
  switch (order) {
    case Order::kFifo: return "fifo";
    case Order::kLifo: return "lifo";
    case Order::kPriority: return "priority";
  }
  return "fifo";
}

std::string_view DurabilityName(Durability durability) {
  switch (durability) {
    case Durability::kMemory: return "memory";
    case Durability::kAsync: return "async";
    case Durability::kFsync: return "fsync";
  }
  return "memory";
}

std::int64_t UnixMs(TimePoint time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

Json ToJson(const QueueSettings& settings) {
  return {{"order", OrderName(settings.order)},
          {"maxsize", settings.maxsize},
          {"max_bytes", settings.max_bytes},
          {"count_leased", settings.count_leased},
          {"durability", DurabilityName(settings.durability)},
          {"lease_ms", settings.lease.count()},
          {"max_attempts", settings.max_attempts},
          {"paused", settings.paused}};
}

Json ToJson(const QueueStats& stats) {
  return {{"ready", stats.ready},
          {"leased", stats.leased},
          {"unfinished", stats.unfinished},
          {"ready_bytes", stats.ready_bytes},
          {"leased_bytes", stats.leased_bytes},
          {"put", stats.put},
          {"delivered", stats.delivered},
          {"redelivered", stats.redelivered},
          {"done", stats.done},
          {"dead", stats.dead},
          {"expired", stats.expired},
          {"discarded", stats.discarded},
          {"waiting_getters", stats.waiting_getters},
          {"waiting_putters", stats.waiting_putters},
          {"waiting_joiners", stats.waiting_joiners},
          {"oldest_ready_age_ms", stats.oldest_ready_age.count()},
          {"empty", stats.empty},
          {"full", stats.full},
          {"shut_down", stats.shut_down},
          {"paused", stats.paused}};
}

Json ToJson(const QueueCounts& counts) {
  return {{"queue", counts.queue},
          {"done", counts.done},
          {"dead", counts.dead},
          {"expired", counts.expired},
          {"discarded", counts.discarded}};
}

Json ToJson(const QueueDescription& description) {
  return {{"queue", description.queue},
          {"created_unix_ms", UnixMs(description.created)},
          {"settings", ToJson(description.settings)},
          {"stats", ToJson(description.stats)}};
}

Json ToJson(const std::vector<std::pair<std::string, std::string>>& headers) {
  Json object = Json::object();
  for (const auto& [name, value] : headers) {
    object[name] = IsUtf8(value) ? Json(value) : Json{{"base64", Base64(value)}};
  }
  return object;
}

void AddPayload(std::string_view payload, Json* object) {
  if (IsUtf8(payload)) {
    (*object)["payload"] = payload;
    return;
  }
  (*object)["payload"] = Base64(payload);
  (*object)["encoding"] = "base64";
}

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace sluice::cli
