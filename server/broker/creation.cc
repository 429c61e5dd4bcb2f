#include "server/broker/creation.h"

#include <string_view>
#include <type_traits>
#include <variant>

namespace sluice::broker {
namespace {

std::string_view NameOf(Durability durability) {
  switch (durability) {
    case Durability::kMemory: return "memory";
    case Durability::kAsync: return "async";
    case Durability::kFsync: return "fsync";
  }
  return "unknown";
}

// The queue that an error names; a join's first.
std::string_view QueueOf(const Command& command) {
  return std::visit(
      [](const auto& call) -> std::string_view {
        using Call = std::decay_t<decltype(call)>;
        if constexpr (std::is_same_v<Call, Join>) {
          return call.queues.empty() ? std::string_view() : std::string_view(call.queues.front());
        } else if constexpr (std::is_same_v<Call, ListQueues>) {
          return {};
        } else {
          return call.queue;
        }
      },
      command);
}

}  // namespace

std::optional<Creation> CreationOf(const Command& command) {
  if (const auto* put = std::get_if<Put>(&command)) {
    if (put->create) return Creation{put->queue, *put->create};
  } else if (const auto* get = std::get_if<Get>(&command)) {
    if (get->create) return Creation{get->queue, *get->create};
  } else if (const auto* create = std::get_if<CreateQueue>(&command)) {
    return Creation{create->queue, create->settings};
  }
  return std::nullopt;
}

std::optional<Answer> RefuseDurability(const QueueSettings& settings, Durability reaches) {
  if (settings.durability <= reaches) return std::nullopt;
  std::string allowed;
  for (const Durability each : {Durability::kMemory, Durability::kAsync, Durability::kFsync}) {
    if (each <= reaches) allowed += (allowed.empty() ? "" : ", ") + std::string(NameOf(each));
  }
  return Answer::Refused(Reason::kInvalidArgument, "durability " + std::string(NameOf(settings.durability)) +
                                                       " is out of this server's reach; allowed: " + allowed);
}

Answer AnswerOfNothing(const Command& command, std::string_view space) {
  if (std::holds_alternative<ListQueues>(command)) return Answer::Ok(ListResult{});
  return Answer::Refused(Reason::kQueueNotFound, "queue '" + std::string(space) + "/" + std::string(QueueOf(command)) +
                                                     "' does not exist: create it first");
}

}  // namespace sluice::broker
