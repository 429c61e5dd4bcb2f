// Queue<T>: Python's queue.Queue, with its items on a server (or in process, see Client::embedded).
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/codec.h>
#include <sluice/consumer.h>
#include <sluice/options.h>
#include <sluice/outcome.h>
#include <sluice/task.h>
#include <sluice/types.h>

namespace sluice {

// What the server says of a put.
struct PutReceipt {
  std::vector<std::uint64_t> ids;               // of the items, in their order
  Durability durability = Durability::kMemory;  // the level that was reached
  bool duplicate = false;  // it had been made before, see PutOptions::request_id: nothing was added
};

struct PeekedPayload {
  std::uint64_t id = 0;
  std::uint32_t attempts = 0;
  TimePoint put_time;
  std::string last_error;  // of the last fail
  std::string payload;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;
  std::int64_t priority = 0;
};

namespace detail {

// The items of one put, payload by payload. A copy is the same items.
class PutItems {
 public:
  // `content_type`: unless the options name one. Throws InvalidArgument, TooLarge.
  PutItems(std::size_t count, std::string_view content_type, const PutOptions& options);
  // Copies the payload. Throws TooLarge.
  void Add(std::string_view payload);
  // An item with a description of its own.
  void Add(std::string_view payload, std::string_view content_type, std::int64_t priority,
           std::vector<std::pair<std::string, std::string>> headers);

  struct Contents;
  Contents& contents() const { return *contents_; }

 private:
  std::shared_ptr<Contents> contents_;
};

// The untyped half of Queue<T>.
class QueueHandle {
 public:
  QueueHandle(std::shared_ptr<Link> link, std::string name, std::optional<QueueSettings> create);

  const std::string& name() const { return name_; }
  PutReceipt put(const PutItems& items, const PutOptions& options) const;
  std::vector<Lease> get(const GetOptions& options) const;
  std::vector<Lease> get_many(std::size_t max_items, const GetManyOptions& options) const;
  std::vector<Lease> pop(const GetOptions& options) const;  // one, done already
  void task_done(std::uint64_t fence) const;
  void fail(std::uint64_t fence, std::string_view error) const;
  void release(std::uint64_t fence) const;
  std::vector<std::uint64_t> task_done(const std::vector<std::uint64_t>& fences) const;
  std::vector<std::uint64_t> fail(const std::vector<std::uint64_t>& fences, std::string_view error) const;
  std::vector<std::uint64_t> release(const std::vector<std::uint64_t>& fences) const;
  void done_many(const std::vector<Lease*>& leases) const;
  void done_many_nowait(const std::vector<Lease*>& leases) const;
  std::chrono::milliseconds extend(std::uint64_t fence, std::chrono::milliseconds lease) const;
  QueueCounts join(const JoinOptions& options) const;
  // The callback is called exactly once, unless the call throws.
  void put_async(const PutItems& items, const PutOptions& options, Callback<std::vector<std::uint64_t>> callback,
                 bool wait_for_window) const;
  void get_many_async(std::size_t max_items, const GetManyOptions& options,
                      Callback<std::vector<Lease>> callback) const;
  void join_async(const JoinOptions& options, Callback<QueueCounts> callback) const;
  std::uint64_t shutdown(bool immediate) const;
  void reopen() const;
  std::uint64_t purge() const;
  QueueDescription describe() const;
  QueueStats stats() const;
  std::vector<PeekedPayload> peek(std::size_t max_items) const;
  QueueSettings update(const QueueUpdate& update) const;
  ConsumerHandle consumer(const ConsumerOptions& options) const;

 private:
  std::shared_ptr<Link> link_;
  std::string name_;   // as the user gave it
  std::string space_;  // its two parts
  std::string queue_;
  std::optional<QueueSettings> create_;
};

}  // namespace detail

// A cheap handle: copy it freely. All state is on the server.
//
// Every call throws: InvalidArgument, QueueNotFound, Unavailable, and what is said at the call. A transport failure
// is never Empty or Full. A call that waits survives a server that goes away and comes back: it keeps its place in
// line when the server still knows this client, else it begins anew with the rest of its timeout.
//
// Thread safety: all methods may be called from any thread.
template <typename T, typename C = Codec<T>>
class Queue {
 public:
  using task_type = Task<T, C>;

  const std::string& name() const { return handle_.name(); }

  // Waits for room and adds one item; returns its id. Full at the timeout; ShutDown; TooLarge if it can never fit.
  // The client sends it again until it knows the answer, over other connections and to a server that was started anew,
  // and the item is added once: PutOptions::request_id says how long a server knows a put again.
  // Not idempotent without PutOptions::request_id: another call is another put. Not known whether it was added: after
  // Unavailable (connect_timeout has passed, or 9 minutes without the server), and after Cancelled in an outage.
  std::uint64_t put(const T& value, const PutOptions& options = {}) const {
    return handle_.put(Items({&value, 1}, options), options).ids.front();
  }
  std::uint64_t put_nowait(const T& value, PutOptions options = {}) const {
    options.timeout = std::chrono::milliseconds(0);
    return put(value, options);
  }
  // All or nothing; TooLarge when there are more than maxsize.
  std::vector<std::uint64_t> put_many(const std::vector<T>& values, const PutOptions& options = {}) const {
    return handle_.put(Items(values, options), options).ids;
  }
  // As put_many(), with all that the server says of it.
  PutReceipt put_with_receipt(std::span<const T> values, const PutOptions& options = {}) const {
    return handle_.put(Items(values, options), options);
  }

  // Waits for an item and leases it. Empty at the timeout; ShutDown when shut down and nothing is left to get.
  task_type get(const GetOptions& options = {}) const { return task_type(std::move(handle_.get(options).front())); }
  task_type get_nowait() const { return get({.timeout = std::chrono::milliseconds(0)}); }
  // Waits for the first and returns 1..max_items: with it those that are there, and, with a linger, those that come
  // until there are min_items or the linger has passed. Throws as get while there is none; items that were got are
  // always returned.
  std::vector<task_type> get_many(std::size_t max_items, const GetManyOptions& options = {}) const {
    return Tasks(handle_.get_many(max_items, options));
  }
  // Settles many tasks of this queue with one call and one message (one for each 10,000): returns when the server has
  // said that the work of all of them is finished.
  //   LeaseLost: some leases were lost; each of their tasks says so (lost()), all the others are done.
  //   InvalidArgument: one is of another queue or client; std::logic_error: one was failed, released or moved away.
  //     Nothing is settled then.
  //   Unavailable: not known; items of tasks that are not decided() may come again.
  // Idempotent: tasks that are done already are passed over, so after Unavailable it is called again with all of them.
  void done_many(std::span<task_type> tasks) const {
    std::vector<detail::Lease*> leases;
    leases.reserve(tasks.size());
    for (task_type& task : tasks) leases.push_back(&task.lease());
    handle_.done_many(leases);
  }
  // As done_many(), but never blocks: see Task<T>::done_nowait(). LeaseLost: of those that are known here to be lost.
  void done_many_nowait(std::span<task_type> tasks) const {
    std::vector<detail::Lease*> leases;
    leases.reserve(tasks.size());
    for (task_type& task : tasks) leases.push_back(&task.lease());
    handle_.done_many_nowait(leases);
  }
  // Gets with items in advance. InvalidArgument: prefetch is out of range. Asks nothing of the server yet.
  Consumer<T, C> consumer(const ConsumerOptions& options = {}) const {
    return Consumer<T, C>(handle_.consumer(options));
  }
  // The plain pop (ack=auto): no task_done; an item that is lost with this process is lost.
  T pop(const GetOptions& options = {}) const { return C::decode(handle_.pop(options).front().payload()); }

  // By fence, for leases that are not in a Task (another process took them). LeaseLost when none was held.
  void task_done(std::uint64_t fence) const { handle_.task_done(fence); }
  void fail(std::uint64_t fence, std::string_view error) const { handle_.fail(fence, error); }
  void release(std::uint64_t fence) const { handle_.release(fence); }
  std::chrono::milliseconds extend(std::uint64_t fence, std::chrono::milliseconds lease) const {
    return handle_.extend(fence, lease);
  }

  // Many by fence, with one message (one for each 10,000). Return those that were not held; never throw LeaseLost.
  std::vector<std::uint64_t> task_done(const std::vector<std::uint64_t>& fences) const {
    return handle_.task_done(fences);
  }
  std::vector<std::uint64_t> fail(const std::vector<std::uint64_t>& fences, std::string_view error) const {
    return handle_.fail(fences, error);
  }
  std::vector<std::uint64_t> release(const std::vector<std::uint64_t>& fences) const { return handle_.release(fences); }

  // Waits until nothing is unfinished. Timeout.
  QueueCounts join(const JoinOptions& options = {}) const { return handle_.join(options); }
  // No more puts; gets drain what is left, then ShutDown. immediate: what is not leased is discarded and counted as
  // finished. A second shutdown changes nothing. Idempotent. Returns how many items were discarded.
  std::uint64_t shutdown(bool immediate = false) const { return handle_.shutdown(immediate); }
  void reopen() const { handle_.reopen(); }

  std::size_t qsize() const { return handle_.stats().ready; }
  bool empty() const { return handle_.stats().empty; }
  bool full() const { return handle_.stats().full; }
  std::int64_t maxsize() const { return handle_.describe().settings.maxsize; }
  // Live. Shrinking evicts nothing: puts wait until the queue is below it again.
  void set_maxsize(std::int64_t maxsize) const { handle_.update({.maxsize = maxsize}); }

  QueueStats stats() const { return handle_.stats(); }
  QueueSettings update(const QueueUpdate& update) const { return handle_.update(update); }
  void pause() const { handle_.update({.paused = true}); }
  void resume() const { handle_.update({.paused = false}); }
  // Discards what is ready; returns how many.
  std::uint64_t purge() const { return handle_.purge(); }
  std::vector<PeekedPayload> peek(std::size_t max_items = 1) const { return handle_.peek(max_items); }

  // ---- without waiting ----
  //
  // Each call has two forms. One returns a std::future: all errors come by it. The other takes a callback,
  // `void(Outcome<...>)`: it is called exactly once, in a thread of the client's that is there for callbacks, one after
  // the other. It may use the client as it likes, but while it runs no other callback does; it must not throw (the
  // program ends). What makes no sense (InvalidArgument, TooLarge) this form throws at once; then the callback is not
  // called, and nothing was begun. Calls return at once, unless the client has 16 MiB unsent (or see put_async).
  //
  // The operation ends as the blocking call does: at its timeout, by its stop token (an item that came first is not
  // lost), with the client's close(), and with Cancelled when the last of the client, its queues and tasks is gone.
  // A task in an outcome or future that nobody looks at goes back to its place.

  // At most ClientOptions::put_window is unanswered. Beyond it the form with a future blocks until there is room (or
  // `stop`: Cancelled); the form with a callback throws LimitReached: put again when a callback was called.
  std::future<std::uint64_t> put_async(const T& value, const PutOptions& options = {}) const {
    return detail::Promised<std::uint64_t>(
        [&](auto callback) { put_async(value, options, std::move(callback), true); });
  }
  template <std::invocable<Outcome<std::uint64_t>> Handler>
  void put_async(const T& value, const PutOptions& options, Handler handler) const {
    put_async(value, options, detail::CallbackTo<std::uint64_t>(std::move(handler)), false);
  }
  std::future<std::vector<std::uint64_t>> put_many_async(const std::vector<T>& values,
                                                         const PutOptions& options = {}) const {
    return detail::Promised<std::vector<std::uint64_t>>(
        [&](auto callback) { handle_.put_async(Items(values, options), options, std::move(callback), true); });
  }
  template <std::invocable<Outcome<std::vector<std::uint64_t>>> Handler>
  void put_many_async(const std::vector<T>& values, const PutOptions& options, Handler handler) const {
    handle_.put_async(Items(values, options), options,
                      detail::CallbackTo<std::vector<std::uint64_t>>(std::move(handler)), false);
  }

  std::future<task_type> get_async(const GetOptions& options = {}) const {
    return detail::Promised<task_type>([&](auto callback) { get_async(options, std::move(callback)); });
  }
  template <std::invocable<Outcome<task_type>> Handler>
  void get_async(const GetOptions& options, Handler handler) const {
    get_async(options, detail::CallbackTo<task_type>(std::move(handler)));
  }
  std::future<std::vector<task_type>> get_many_async(std::size_t max_items, const GetManyOptions& options = {}) const {
    return detail::Promised<std::vector<task_type>>(
        [&](auto callback) { get_many_async(max_items, options, std::move(callback)); });
  }
  template <std::invocable<Outcome<std::vector<task_type>>> Handler>
  void get_many_async(std::size_t max_items, const GetManyOptions& options, Handler handler) const {
    get_many_async(max_items, options, detail::CallbackTo<std::vector<task_type>>(std::move(handler)));
  }

  std::future<QueueCounts> join_async(const JoinOptions& options = {}) const {
    return detail::Promised<QueueCounts>([&](auto callback) { handle_.join_async(options, std::move(callback)); });
  }
  template <std::invocable<Outcome<QueueCounts>> Handler>
  void join_async(const JoinOptions& options, Handler handler) const {
    handle_.join_async(options, detail::CallbackTo<QueueCounts>(std::move(handler)));
  }

  // For the library's own faces only.
  void put_async(const T& value, const PutOptions& options, detail::Callback<std::uint64_t> callback,
                 bool wait_for_window) const {
    handle_.put_async(Items({&value, 1}, options), options,
                      detail::Mapped<std::vector<std::uint64_t>>(
                          std::move(callback), [](const std::vector<std::uint64_t>& ids) { return ids.front(); }),
                      wait_for_window);
  }
  void get_async(const GetOptions& options, detail::Callback<task_type> callback) const {
    handle_.get_many_async(
        1, {.timeout = options.timeout, .until_finished = options.until_finished, .stop = options.stop},
        detail::Mapped<std::vector<detail::Lease>>(std::move(callback), [](std::vector<detail::Lease>&& leases) {
          return task_type(std::move(leases.front()));
        }));
  }
  void get_many_async(std::size_t max_items, const GetManyOptions& options,
                      detail::Callback<std::vector<task_type>> callback) const {
    handle_.get_many_async(max_items, options, detail::Mapped<std::vector<detail::Lease>>(std::move(callback), Tasks));
  }
  static detail::PutItems Items(std::span<const T> values, const PutOptions& options) {
    detail::PutItems items(values.size(), C::content_type, options);
    for (const T& value : values) items.Add(C::encode(value));
    return items;
  }

  // For Client and WorkerPool only.
  explicit Queue(detail::QueueHandle handle) : handle_(std::move(handle)) {}
  const detail::QueueHandle& handle() const { return handle_; }

 private:
  static std::vector<task_type> Tasks(std::vector<detail::Lease>&& leases) {
    std::vector<task_type> tasks;
    tasks.reserve(leases.size());
    for (detail::Lease& lease : leases) tasks.emplace_back(std::move(lease));
    return tasks;
  }

  detail::QueueHandle handle_;
};

}  // namespace sluice
