// Consumer<T>: a Queue<T> to get from, with items got in advance.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sluice/codec.h>
#include <sluice/options.h>
#include <sluice/task.h>
#include <sluice/types.h>

namespace sluice {

namespace detail {

class ItemBuffer;

// The untyped half of Consumer<T>. Move-only.
class ConsumerHandle {
 public:
  // Throws InvalidArgument.
  ConsumerHandle(std::shared_ptr<Link> link, std::string space, std::string queue, std::optional<QueueSettings> create,
                 const ConsumerOptions& options);
  ConsumerHandle(ConsumerHandle&&) noexcept;
  ConsumerHandle& operator=(ConsumerHandle&&) noexcept;
  ~ConsumerHandle();

  std::vector<Lease> get(const GetOptions& options) const;
  std::vector<Lease> get_many(std::size_t max_items, const GetManyOptions& options) const;

 private:
  void Close() noexcept;

  std::shared_ptr<Link> link_;
  std::string space_;
  std::string queue_;
  std::optional<QueueSettings> create_;
  std::shared_ptr<ItemBuffer> buffer_;  // null: moved away
};

}  // namespace detail

// Gets as the queue does, but has its next items here already: a get that finds one costs no message. Each is leased to
// this client from its arrival on, counts in the statistics as leased, and is lost with the session as all leases are.
//
// What it costs: an item that is here waits for its turn here, though somebody else might begin it, and a more urgent
// one that is put meanwhile comes after it. So it is bounded (ConsumerOptions::prefetch), and the server asks for what
// is not begun as soon as another get of the queue, by any client, waits, or the queue is shut down at once: then it
// all goes back to its places, no attempt counted, and nothing is got in advance until the next wait here. A get that
// does not wait (get_nowait) asks for nothing back. Items that are here come also while the queue is paused; when it is
// deleted, done() of them is LeaseLost. join() waits for them as for all items.
//
//   auto consumer = queue.consumer({.prefetch = 8});
//   while (true) {
//     auto task = consumer.get();
//     work(task.value());
//     task.done();
//   }
//
// One for each thread is fastest. The destructor gives back what was not begun; it does not block. Calls throw what
// the queue's calls throw.
//
// Thread safety: all methods may be called from any thread.
template <typename T, typename C = Codec<T>>
class Consumer {
 public:
  using task_type = Task<T, C>;

  // As Queue<T>::get and get_nowait.
  task_type get(const GetOptions& options = {}) const { return task_type(std::move(handle_.get(options).front())); }
  task_type get_nowait() const { return get({.timeout = std::chrono::milliseconds(0)}); }
  // As Queue<T>::get_many, but what is here comes first, and without a linger is enough, be it fewer than max_items.
  std::vector<task_type> get_many(std::size_t max_items, const GetManyOptions& options = {}) const {
    std::vector<task_type> tasks;
    for (detail::Lease& lease : handle_.get_many(max_items, options)) tasks.emplace_back(std::move(lease));
    return tasks;
  }

  // For Queue<T> only.
  explicit Consumer(detail::ConsumerHandle handle) : handle_(std::move(handle)) {}

 private:
  detail::ConsumerHandle handle_;
};

}  // namespace sluice
