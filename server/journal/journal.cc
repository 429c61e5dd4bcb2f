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

}  // namespace sluice::journal
