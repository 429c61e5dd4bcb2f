// Commands and answers as one line of text, to compare and to print.
#pragma once

#include <string>

#include "common/answer.h"
#include "common/command.h"

namespace sluice::sim {

// All that an answer says but its message, which is for people.
std::string ToText(const Answer& answer);
std::string ToText(const Command& command);
std::string ToText(const QueueDescription& queue);
std::string ToText(const QueueStats& stats);

}  // namespace sluice::sim
