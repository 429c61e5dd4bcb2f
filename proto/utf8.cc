#include "proto/utf8.h"

#include <cstdint>
#include <cstring>

namespace sluice::wire {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Bytes of the character that `text` begins with; 0 when it begins with none. Requires: text is not empty.
std::size_t CharacterBytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t bytes = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (bytes == 0 || text.size() < bytes) return 0;
  for (std::size_t i = 1; i < bytes; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second >= 0xA0;
  const bool beyond = first == 0xF4 && second >= 0x90;  // U+10FFFF is the last
  return overlong || surrogate || beyond ? 0 : bytes;
}

// Bytes of the ASCII that `text` begins with, in steps of 8, which is most of most texts.
std::size_t AsciiBytes(std::string_view text) {
  std::size_t bytes = 0;
  for (std::uint64_t word = 0; text.size() - bytes >= sizeof(word); bytes += sizeof(word)) {
    std::memcpy(&word, text.data() + bytes, sizeof(word));
    if ((word & 0x8080808080808080u) != 0) break;
  }
  return bytes;
}

std::size_t ValidBytes(std::string_view text) {
  std::size_t valid = AsciiBytes(text);
  while (valid < text.size()) {
    if (static_cast<unsigned char>(text[valid]) < 0x80) {
      ++valid;
      continue;
    }
    const std::size_t bytes = CharacterBytes(text.substr(valid));
    if (bytes == 0) break;
    valid += bytes;
  }
  return valid;
}

}  // namespace

bool IsUtf8(std::string_view text) { return ValidBytes(text) == text.size(); }

std::string ToUtf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (true) {
    const std::size_t valid = ValidBytes(text);
    result += text.substr(0, valid);
    if (valid == text.size()) return result;
    result += '?';
    text.remove_prefix(valid + 1);
  }
}

std::string_view CutUtf8(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  while (max_bytes > 0 && IsContinuation(text[max_bytes])) --max_bytes;
  return text.substr(0, max_bytes);
}

}  // namespace sluice::wire
