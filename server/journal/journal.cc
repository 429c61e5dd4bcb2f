#include "server/journal/journal.h"

namespace sluice::journal {

std::string_view NameOf(Result result) {
  switch (result) {
    case Result::kOk: return "Ok";
    case Result::kFenced: return "Fenced";
    case Result::kUnknown: return "Unknown";
    case Result::kUnavailable: return "Unavailable";
    case Result::kFull: return "Full";
    case Result::kTooLarge: return "TooLarge";
    case Result::kCorrupt: return "Corrupt";
    case Result::kLost: return "Lost";
  }
  return "?";
}

std::string PlaceOf(std::string_view space, std::uint64_t position) {
  return "namespace \"" + std::string(space) + "\", position " + std::to_string(position);
}

}  // namespace sluice::journal
