// Which commands bring a queue into being, and whether this server can keep such a queue.
#pragma once

#include <optional>
#include <string>

#include <sluice/types.h>

#include "common/answer.h"
#include "common/command.h"

namespace sluice::broker {

// Borrows: from the command.
struct Creation {
  const std::string& queue;
  const QueueSettings& settings;
};

// What the command creates if it does not exist; nullopt when it never creates anything.
std::optional<Creation> CreationOf(const Command& command);

// The refusal when `settings` ask for more durability than the journal reaches.
std::optional<Answer> RefuseDurability(const QueueSettings& settings, Durability reaches);

// QUEUE_NOT_FOUND for a namespace that has no queues; a listing of it is empty.
Answer AnswerOfNothing(const Command& command, std::string_view space);

}  // namespace sluice::broker
