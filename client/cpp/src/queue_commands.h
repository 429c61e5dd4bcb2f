// Between what the caller of a queue says and the commands that go over a link.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <sluice/options.h>
#include <sluice/queue.h>
#include <sluice/task.h>

#include "client/cpp/src/link.h"
#include "common/command.h"

namespace sluice::detail {

struct PutItems::Contents {
  Content common;  // what all items of the put have: all but the payload
  std::vector<ContentPtr> items;
};

// Throw InvalidArgument and TooLarge. The items are taken over.
Put PutOf(const std::string& queue, const PutItems& items, const PutOptions& options,
          const std::optional<QueueSettings>& create);
Get GetOf(const std::string& queue, const GetOptions& options, const std::optional<QueueSettings>& create);
Get GetManyOf(const std::string& queue, std::size_t max_items, const GetManyOptions& options,
              const std::optional<QueueSettings>& create);  // the one for the first item
Join JoinOf(const std::string& queue, const JoinOptions& options);

std::vector<std::uint64_t> IdsOf(const PutResult& result);
// Takes over the answer's leases.
void AddLeases(const std::shared_ptr<Link>& link, const std::string& space, const std::string& queue, Answer&& answer,
               Epoch epoch, std::vector<Lease>* leases);

}  // namespace sluice::detail
