#include "client/python/native/convert.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "common/limits.h"

namespace py = pybind11;

namespace sluice::python {
namespace {

using namespace std::string_literals;
using std::chrono::milliseconds;

constexpr double kMsPerSecond = 1000.0;

double SecondsOf(milliseconds time) { return static_cast<double>(time.count()) / kMsPerSecond; }

template <typename Value>
struct Named {
  const char* name;
  Value value;
};
constexpr Named<Order> kOrders[] = {{"fifo", Order::kFifo}, {"lifo", Order::kLifo}, {"priority", Order::kPriority}};
constexpr Named<Durability> kDurabilities[] = {
    {"memory", Durability::kMemory}, {"async", Durability::kAsync}, {"fsync", Durability::kFsync}};

template <typename Value, std::size_t kCount>
const char* NameOf(const Named<Value> (&all)[kCount], Value value) {
  return std::find_if(all, all + kCount, [&](const auto& each) { return each.value == value; })->name;
}

template <typename Value, std::size_t kCount>
Value ValueOf(const Named<Value> (&all)[kCount], const char* what, const std::string& name) {
  const auto* const found = std::find_if(all, all + kCount, [&](const auto& each) { return each.name == name; });
  if (found != all + kCount) return found->value;
  std::string allowed;
  for (const auto& each : all) allowed += (allowed.empty() ? "'"s : ", '"s) + each.name + "'";
  throw InvalidArgument(what + " is '"s + name + "': use one of " + allowed);
}

// Calls `set(name, value)` for each entry; it returns false for a name that it does not know.
template <typename Set>
void ForEach(const py::dict& entries, const Set& set) {
  for (const auto& [key, value] : entries) {
    const auto name = py::cast<std::string>(key);
    if (!set(std::string_view(name), value))
      throw py::type_error("'" + name + "' is not a setting that can be given here");
  }
}

// The settings that can be changed live, for both.
template <typename Settings>
bool SetLive(Settings& settings, std::string_view name, const py::handle& value) {
  if (name == "maxsize") {
    settings.maxsize = std::max<std::int64_t>(value.cast<std::int64_t>(), 0);  // as Python has it: below 1 is no bound
  } else if (name == "max_bytes") {
    settings.max_bytes = value.cast<std::int64_t>();
  } else if (name == "count_leased") {
    settings.count_leased = value.cast<bool>();
  } else if (name == "lease") {
    settings.lease = MillisecondsOf(value.cast<double>());
  } else if (name == "max_attempts") {
    settings.max_attempts = value.cast<std::int32_t>();
  } else if (name == "paused") {
    settings.paused = value.cast<bool>();
  } else {
    return false;
  }
  return true;
}

}  // namespace

milliseconds MillisecondsOf(double seconds) {
  if (std::isnan(seconds)) throw py::value_error("a time is not a number");
  const double most = static_cast<double>(limits::kTimeout.count());
  return milliseconds(static_cast<std::int64_t>(std::clamp(std::ceil(seconds * kMsPerSecond), -most, most)));
}

WaitTime WaitTimeOf(std::optional<double> seconds) {
  if (!seconds) return kForever;
  return MillisecondsOf(*seconds);
}

std::vector<std::pair<std::string, std::string>> HeadersOf(const py::object& headers) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (headers.is_none()) return pairs;
  for (const auto& [name, value] : headers.cast<py::dict>()) {
    pairs.emplace_back(name.cast<std::string>(), value.cast<std::string>());
  }
  return pairs;
}

py::list ToPython(const std::vector<std::pair<std::string, std::string>>& headers) {
  py::list list(headers.size());
  for (std::size_t i = 0; i < headers.size(); ++i) list[i] = py::make_tuple(headers[i].first, headers[i].second);
  return list;
}

QueueSettings SettingsOf(const py::dict& entries) {
  QueueSettings settings;
  ForEach(entries, [&](std::string_view name, const py::handle& value) {
    if (name == "order") {
      settings.order = ValueOf(kOrders, "order", value.cast<std::string>());
    } else if (name == "durability") {
      settings.durability = ValueOf(kDurabilities, "durability", value.cast<std::string>());
    } else {
      return SetLive(settings, name, value);
    }
    return true;
  });
  return settings;
}

QueueUpdate UpdateOf(const py::dict& changes) {
  QueueUpdate update;
  ForEach(changes, [&](std::string_view name, const py::handle& value) { return SetLive(update, name, value); });
  return update;
}

const char* DurabilityName(Durability durability) { return NameOf(kDurabilities, durability); }

py::dict ToPython(const QueueSettings& settings) {
  py::dict result;
  result["order"] = NameOf(kOrders, settings.order);
  result["maxsize"] = settings.maxsize;
  result["max_bytes"] = settings.max_bytes;
  result["count_leased"] = settings.count_leased;
  result["durability"] = DurabilityName(settings.durability);
  result["lease"] = SecondsOf(settings.lease);
  result["max_attempts"] = settings.max_attempts;
  result["paused"] = settings.paused;
  return result;
}

py::dict ToPython(const QueueStats& stats) {
  py::dict result;
  result["ready"] = stats.ready;
  result["leased"] = stats.leased;
  result["unfinished"] = stats.unfinished;
  result["ready_bytes"] = stats.ready_bytes;
  result["leased_bytes"] = stats.leased_bytes;
  result["put"] = stats.put;
  result["delivered"] = stats.delivered;
  result["redelivered"] = stats.redelivered;
  result["done"] = stats.done;
  result["dead"] = stats.dead;
  result["expired"] = stats.expired;
  result["discarded"] = stats.discarded;
  result["waiting_getters"] = stats.waiting_getters;
  result["waiting_putters"] = stats.waiting_putters;
  result["waiting_joiners"] = stats.waiting_joiners;
  result["oldest_ready_age"] = SecondsOf(stats.oldest_ready_age);
  result["empty"] = stats.empty;
  result["full"] = stats.full;
  result["shut_down"] = stats.shut_down;
  result["paused"] = stats.paused;
  return result;
}

py::dict ToPython(const QueueCounts& counts) {
  py::dict result;
  result["queue"] = counts.queue;
  result["done"] = counts.done;
  result["dead"] = counts.dead;
  result["expired"] = counts.expired;
  result["discarded"] = counts.discarded;
  return result;
}

py::dict ToPython(const QueueDescription& description) {
  py::dict result;
  result["queue"] = description.queue;
  result["settings"] = ToPython(description.settings);
  result["stats"] = ToPython(description.stats);
  result["created"] = ToPython(description.created);
  return result;
}

py::dict ToPython(const PeekedPayload& item) {
  py::dict result;
  result["id"] = item.id;
  result["attempts"] = item.attempts;
  result["put_time"] = ToPython(item.put_time);
  result["last_error"] = item.last_error;
  result["payload"] = py::bytes(item.payload);
  result["content_type"] = item.content_type;
  result["headers"] = ToPython(item.headers);
  result["priority"] = item.priority;
  return result;
}

double ToPython(TimePoint time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }

}  // namespace sluice::python
