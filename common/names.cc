#include "common/names.h"

#include <algorithm>

#include "common/limits.h"

namespace sluice {
namespace {

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

}  // namespace

bool IsValidName(std::string_view name) {
  return !name.empty() && name.size() <= limits::kNameBytes && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), IsNameByte);
}

std::optional<QueueName> QueueName::Parse(std::string_view text) {
  const auto slash = text.find('/');
  const std::string_view space = slash == text.npos ? kDefaultNamespace : text.substr(0, slash);
  const std::string_view name = slash == text.npos ? text : text.substr(slash + 1);
  if (!IsValidName(space) || !IsValidName(name)) return std::nullopt;
  return QueueName{std::string(space), std::string(name)};
}

std::string InvalidNameMessage(std::string_view text) {
  // The text comes from outside: show what is harmless of it, and not too much.
  std::string shown;
  for (const char c : text.substr(0, 64)) shown += IsNameByte(c) || c == '/' ? c : '?';
  if (text.size() > 64) shown += "...";
  return "'" + shown + "' is not a queue name: use name or namespace/name, each 1-255 bytes of A-Z a-z 0-9 . _ -, " +
         "not starting with a dot";
}

}  // namespace sluice
