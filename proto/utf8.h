// UTF-8: what protobuf demands of its string fields. One bad byte would make a peer refuse a whole message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::wire {

bool IsUtf8(std::string_view text);

// The text with '?' for every byte that is not UTF-8.
std::string ToUtf8(std::string_view text);

// At most `max_bytes` of the text, not cut within a character.
std::string_view CutUtf8(std::string_view text, std::size_t max_bytes);

}  // namespace sluice::wire
