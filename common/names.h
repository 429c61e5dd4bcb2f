// Names of queues: `name` or `namespace/name`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

inline constexpr std::string_view kDefaultNamespace = "default";

// 1-255 bytes of [A-Za-z0-9._-], no leading dot.
bool IsValidName(std::string_view name);

struct QueueName {
  std::string space;  // the namespace
  std::string name;

  // Nullopt when either part is not a valid name.
  static std::optional<QueueName> Parse(std::string_view text);
  std::string ToString() const { return space + "/" + name; }
  bool operator==(const QueueName&) const = default;
};

// What to tell somebody whose name was refused.
std::string InvalidNameMessage(std::string_view text);

}  // namespace sluice
