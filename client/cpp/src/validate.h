// What a call's arguments must be. Each check throws InvalidArgument or TooLarge with a text that says what is allowed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/clock.h>
#include <sluice/options.h>
#include <sluice/types.h>

#include "common/item.h"
#include "common/names.h"

namespace sluice::detail {

QueueName CheckQueueName(std::string_view text);
// An empty one stays empty. `field`: how to call it in the text.
void CheckName(std::string_view field, std::string_view text);
void CheckTimeout(const WaitTime& timeout);
// Returns `count` as the wire has it. Requires of the user: 1 .. limits::kBatchItems.
std::uint32_t CheckMaxItems(std::size_t count);
// Of a consumer.
void CheckPrefetch(std::size_t count);
// How get_many lingers.
void CheckGather(std::size_t max_items, const GetManyOptions& options);
void CheckLease(std::chrono::milliseconds lease);
void CheckSettings(const QueueSettings& settings);
void CheckUpdate(const QueueUpdate& update);
void CheckRequestId(std::string_view text);
void CheckPutCount(std::size_t items);
void CheckPayload(std::size_t bytes);
void CheckContent(const Content& content);  // all but the payload
// All of one put together, after each was checked.
void CheckBatch(const std::vector<ContentPtr>& items);
void CheckFences(std::span<const std::uint64_t> fences);
void CheckPutWindow(const PutWindowOptions& options);
void CheckClientOptions(const ClientOptions& options);
// "HOST:PORT" or "unix:PATH".
void CheckAddress(std::string_view address);

}  // namespace sluice::detail
