#include <sluice/consumer.h>

#include <utility>

#include <sluice/error.h>

#include "client/cpp/src/gather.h"
#include "client/cpp/src/item_buffer.h"
#include "client/cpp/src/link.h"
#include "client/cpp/src/queue_commands.h"
#include "client/cpp/src/validate.h"

namespace sluice::detail {

ConsumerHandle::ConsumerHandle(std::shared_ptr<Link> link, std::string space, std::string queue,
                               std::optional<QueueSettings> create, const ConsumerOptions& options)
    : link_(std::move(link)), space_(std::move(space)), queue_(std::move(queue)), create_(std::move(create)) {
  CheckPrefetch(options.prefetch);
  buffer_ = ItemBuffer::Make(link_, space_, GetOf(queue_, {}, create_), options.prefetch);
}

ConsumerHandle::ConsumerHandle(ConsumerHandle&&) noexcept = default;

ConsumerHandle& ConsumerHandle::operator=(ConsumerHandle&& other) noexcept {
  if (this == &other) return *this;
  Close();
  link_ = std::move(other.link_);
  space_ = std::move(other.space_);
  queue_ = std::move(other.queue_);
  create_ = std::move(other.create_);
  buffer_ = std::move(other.buffer_);
  return *this;
}

ConsumerHandle::~ConsumerHandle() { Close(); }

void ConsumerHandle::Close() noexcept {
  if (!buffer_) return;
  if (!link_->usable()) {
    new std::shared_ptr<ItemBuffer>(std::move(buffer_));  // the child of a fork: left as it is, the lock and all
    return;
  }
  buffer_->Close();
}

std::vector<Lease> ConsumerHandle::get(const GetOptions& options) const {
  Called called = buffer_->Take(*link_, GetOf(queue_, options, create_), options.stop);
  std::vector<Lease> leases;
  AddLeases(link_, space_, queue_, std::move(called.answer), called.epoch, &leases);
  return leases;
}

std::vector<Lease> ConsumerHandle::get_many(std::size_t max_items, const GetManyOptions& options) const {
  Get first = GetManyOf(queue_, max_items, options, create_);
  return Gather(space_, first, options).Run(link_, std::move(first), [&](Get get) {
    return buffer_->Take(*link_, std::move(get), options.stop);
  });
}

}  // namespace sluice::detail
