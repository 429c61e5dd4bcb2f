// A leased item: the work in your hands and the duty to say how it ended.
#pragma once

#include <concepts>
#include <cstdint>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/clock.h>
#include <sluice/codec.h>
#include <sluice/outcome.h>

namespace sluice {

namespace detail {

class Link;  // a client's connection; see client/cpp/src

// How a lease was settled; kNone also when it was moved away.
enum class Decision : std::uint8_t { kNone, kDone, kFailed, kReleased, kLost };

// The untyped half of Task<T>. Move-only.
class Lease {
 public:
  Lease();
  Lease(Lease&&) noexcept;
  Lease& operator=(Lease&&) noexcept;
  ~Lease();

  struct Origin;
  struct State;
  explicit Lease(std::unique_ptr<State> state);

  bool valid() const noexcept { return state_ != nullptr; }  // false: moved away
  std::uint64_t id() const;
  std::uint64_t fence() const;
  std::uint32_t attempt() const;
  TimePoint put_time() const;
  std::string_view payload() const;
  const std::string& content_type() const;
  const std::vector<std::pair<std::string, std::string>>& headers() const;
  std::int64_t priority() const;
  Decision decision() const noexcept;
  std::stop_token stop_token() const;

  void done();
  void done_nowait();
  void fail(std::string_view error);
  void release();
  // The lease goes with the operation. The callback is called exactly once, unless the call throws.
  void done_async(Callback<void> callback) &&;
  void fail_async(std::string_view error, Callback<void> callback) &&;
  State* state() const noexcept { return state_.get(); }  // for the client's own code; null: moved away

 private:
  std::unique_ptr<State> state_;
};

}  // namespace detail

// The client keeps the lease alive in the background for as long as the task lives: long work is never run twice
// while its worker lives.
//
// A task without a decision is released by its destructor: the item is back at its place at once, the attempt not
// counted. The destructor never blocks on the network and never throws.
//
// Thread safety: distinct tasks may be used from distinct threads; one task from one thread at a time.
template <typename T, typename C = Codec<T>>
class Task {
 public:
  Task(Task&&) noexcept = default;
  Task& operator=(Task&&) noexcept = default;

  // The decoded payload; what the codec throws passes through.
  T value() const { return C::decode(lease_.payload()); }
  std::string_view payload() const { return lease_.payload(); }  // Borrows: from the task
  std::uint64_t id() const { return lease_.id(); }
  // A number that rises with each delivery in the namespace: pass it to your own storage to refuse a late worker.
  std::uint64_t fence() const { return lease_.fence(); }
  std::uint32_t attempt() const { return lease_.attempt(); }  // 1 for the first delivery
  TimePoint put_time() const { return lease_.put_time(); }
  const std::string& content_type() const { return lease_.content_type(); }
  const std::vector<std::pair<std::string, std::string>>& headers() const { return lease_.headers(); }
  std::int64_t priority() const { return lease_.priority(); }
  // Stops when the lease is known to be lost (the session ended): drop the work, somebody else will do it.
  // Callbacks of the token run in a thread of the client's: they must not block, and calls on the client throw there.
  std::stop_token stop_token() const { return lease_.stop_token(); }

  // The work is finished; returns when the server has said so. LeaseLost: somebody else has, or has done, it.
  // A second decision throws std::logic_error (Python's ValueError). Unavailable: not known; the item may come again.
  void done() { lease_.done(); }
  // As done(), but never blocks: the server is told with the client's next message, about 20 ms later at most, and
  // before the client is closed; without a connection, when there is one again. What the server says is not waited for:
  // if the lease was lost meanwhile, or the connection does not come back, the item comes again, and this worker is
  // not told, not by lost() either. A round trip less for each item.
  void done_nowait() { lease_.done_nowait(); }
  // The work failed: the item is retried, or dead after max_attempts.
  void fail(std::string_view error) { lease_.fail(error); }
  // Not for me: back to its place, the attempt not counted.
  void release() { lease_.release(); }

  // As done() and fail(), without waiting: see Queue<T>, "without waiting". The task goes with the operation, which
  // keeps the client alive until it has ended. LeaseLost: as done(). On any other error the task is released: the item
  // may come again.
  //   std::future<void> end = std::move(task).done_async();
  std::future<void> done_async() && {
    return detail::Promised<void>([&](auto callback) { std::move(lease_).done_async(std::move(callback)); });
  }
  template <std::invocable<Outcome<void>> Handler>
  void done_async(Handler handler) && {
    std::move(lease_).done_async(detail::CallbackTo<void>(std::move(handler)));
  }
  std::future<void> fail_async(std::string_view error) && {
    return detail::Promised<void>([&](auto callback) { std::move(lease_).fail_async(error, std::move(callback)); });
  }
  template <std::invocable<Outcome<void>> Handler>
  void fail_async(std::string_view error, Handler handler) && {
    std::move(lease_).fail_async(error, detail::CallbackTo<void>(std::move(handler)));
  }

  // True after a decision that the server took, after done_nowait(), or when the lease was found lost.
  bool decided() const noexcept { return lease_.decision() != detail::Decision::kNone; }
  // True when a decision found the lease lost: somebody else has, or has done, the work.
  bool lost() const noexcept { return lease_.decision() == detail::Decision::kLost; }

  // For Queue<T> and WorkerPool only.
  explicit Task(detail::Lease lease) : lease_(std::move(lease)) {}
  detail::Lease&& lease() && { return std::move(lease_); }
  detail::Lease& lease() & noexcept { return lease_; }

 private:
  detail::Lease lease_;
};

}  // namespace sluice
