// Payloads are bytes; here is how they are shown to people and put into JSON.
#pragma once

#include <string>
#include <string_view>

namespace sluice::cli {

bool IsUtf8(std::string_view bytes);
std::string Base64(std::string_view bytes);

// One line that is safe on a terminal: control characters and bytes that are not UTF-8 as \n, \t, \xNN; cut with
// an ellipsis after `max_characters`.
std::string Printable(std::string_view bytes, std::size_t max_characters);

// Columns that UTF-8 text takes, one for each code point.
std::size_t DisplayWidth(std::string_view text);

}  // namespace sluice::cli
