// The configuration file: TOML whose keys are the names of the flags.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "server/config.h"

namespace sluice::server {
namespace {

constexpr std::size_t kMaxFileBytes = 1u << 20;  // more is not a configuration file

using Problem = std::optional<std::string>;

std::string Place(const std::string& path, const toml::source_region& source) {
  return path + ":" + std::to_string(source.begin.line) + ": ";
}

// A scalar as the command line would give it.
std::optional<std::string> ToText(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return text;
  if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  return std::nullopt;
}

Problem ToTexts(const toml::node& node, bool many, std::vector<std::string>& texts) {
  if (const auto text = ToText(node)) {
    texts.push_back(*text);
    return std::nullopt;
  }
  const toml::array* const array = node.as_array();
  if (many && array != nullptr) {
    for (const toml::node& element : *array) {
      const auto text = ToText(element);
      if (!text) return "is a list of something else; allowed: a list of strings";
      texts.push_back(*text);
    }
    return std::nullopt;
  }
  return many ? "has a value of the wrong type; allowed: a string, or a list of strings"
              : "has a value of the wrong type; allowed: a string or a whole number";
}

std::string UnknownKey(std::string_view key) {
  std::string message = "unknown setting \"" + std::string(key) + "\"; allowed: ";
  for (const Setting& setting : Settings()) message += (&setting == &Settings().front() ? "" : ", ") + setting.name;
  return message;
}

Problem ApplyKey(std::string_view key, const toml::node& node, Config& config) {
  const auto setting =
      std::find_if(Settings().begin(), Settings().end(), [key](const Setting& other) { return other.name == key; });
  if (setting == Settings().end()) return UnknownKey(key);
  std::vector<std::string> texts;
  if (Problem problem = ToTexts(node, setting->many, texts)) return setting->name + " " + *problem;
  if (Problem problem = setting->apply(config, texts)) return setting->name + ": " + *problem;
  return std::nullopt;
}

Problem Read(const std::string& path, std::string& text) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return path + ": is a directory; give a TOML file";
  std::ifstream file(path, std::ios::binary);
  if (!file) return path + ": " + std::strerror(errno);
  text.resize(kMaxFileBytes + 1);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) return path + ": larger than 1MiB, not a configuration file";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> ApplyFile(const std::string& path, Config& config) {
  std::string text;
  if (Problem problem = Read(path, text)) return problem;
  const toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) return Place(path, parsed.error().source()) + std::string(parsed.error().description());
  // By place in the file, so that the first problem is the first one a reader meets.
  std::vector<std::pair<toml::source_position, std::string_view>> keys;
  for (const auto& [key, node] : parsed.table()) keys.emplace_back(key.source().begin, key.str());
  std::sort(keys.begin(), keys.end());
  for (const auto& [position, key] : keys) {
    const toml::node& node = *parsed.table().get(key);
    if (Problem problem = ApplyKey(key, node, config)) {
      return path + ":" + std::to_string(position.line) + ": " + *problem;
    }
  }
  return std::nullopt;
}

}  // namespace sluice::server
