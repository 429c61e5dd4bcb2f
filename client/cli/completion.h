// The completion script, sluice.bash, as it was when the program was built.
#pragma once

#include <string_view>

namespace sluice::cli {

extern const std::string_view kBashCompletion;

}  // namespace sluice::cli
