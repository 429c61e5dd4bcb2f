// BlockingQueue<T>: Python's queue.Queue for the threads of one process.
//
//   sluice::BlockingQueue<Job> jobs(100);  // at most 100 wait
//
//   std::jthread worker([&](std::stop_token stop) {
//     try {
//       while (true) {
//         Job job = jobs.get({.stop = stop});
//         job.Run();
//         jobs.task_done();
//       }
//     } catch (const sluice::ShutDown&) {  // no more jobs
//     } catch (const sluice::Cancelled&) {  // the thread was asked to stop
//     }
//   });
//   jobs.put(Job("one"));                   // waits while the queue is full
//   jobs.put(Job("two"), {.timeout = 50ms});  // or throws sluice::Full
//   jobs.shutdown();                        // no more puts; gets drain what is left, then throw ShutDown
//   jobs.join();                            // all done
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <sluice/clock.h>
#include <sluice/error.h>
#include <sluice/mutex.h>
#include <sluice/order_policy.h>
#include <sluice/waiter_list.h>

namespace sluice {

// How a call may wait. `queue.get({.timeout = 50ms, .stop = token})`
struct WaitOptions {
  WaitTime timeout = kForever;
  std::stop_token stop = {};  // ends the call with Cancelled; a stop that was requested before does so at once
};

// A queue of T in the order of its policy: Fifo, Lifo, Priority<Compare>.
//
// What waits is served in the order of arrival: nobody overtakes, a put or get that need not wait included. Each call
// wakes exactly the threads that it serves. An item or the room for one is handed over under the lock: a waiter that is
// served keeps it, one that times out, is stopped or shut down never had it, whichever comes first; nothing is lost.
//
// Errors, besides those named at each call: InvalidArgument for a negative timeout, Cancelled by the stop token. A call
// that throws has changed nothing, and the item of a put is still the caller's, if moving a T does not throw. (If it
// does throw, the exception reaches the thread whose item it is.)
//
// Complexity: every call is O(1) and one lock, but for the policy's share (Priority: O(log n)) and one step per item
// moved and thread woken. The lock is never held while an item is copied or discarded.
//
// Thread safety: all methods may be called from any thread. Requires: no call is running when the queue is destroyed.
template <std::movable T, typename OrderPolicy = Fifo>
class BlockingQueue {
 public:
  // `maxsize` = how many items may wait in the queue; 0 = any number; negative: InvalidArgument.
  // Borrows: the clock, for life.
  explicit BlockingQueue(std::int64_t maxsize = 0, Clock& clock = SteadyClock::Get())
      : clock_(clock), maxsize_(Checked(maxsize)), subscription_(clock.Subscribe([this] { EndDueWaits(); })) {}
  ~BlockingQueue() { clock_.Unsubscribe(subscription_); }
  BlockingQueue(const BlockingQueue&) = delete;
  BlockingQueue& operator=(const BlockingQueue&) = delete;

  // ---- put ----------------------------------------------------------------------------------------------------------
  // Blocks: until there is room. Full at the timeout; ShutDown.
  void put(T&& item, const WaitOptions& options = {}) { Require(Put(std::span(std::addressof(item), 1), options)); }
  void put(const T& item, const WaitOptions& options = {}) requires std::copyable<T> { put(T(item), options); }
  void put_nowait(T&& item) { put(std::move(item), kNoWait); }
  void put_nowait(const T& item) requires std::copyable<T> { put(T(item), kNoWait); }
  // As put_nowait; Full is `false`. For loops in which a full queue is nothing special.
  [[nodiscard]] bool try_put(T&& item) {
    return Unless(Reason::kFull, Put(std::span(std::addressof(item), 1), kNoWait));
  }
  // All of the items at once or none, in their order; afterwards the vector is empty.
  // Blocks: until there is room for all. Full at the timeout; ShutDown; TooLarge when there are more than maxsize.
  void put_many(std::vector<T>&& items, const WaitOptions& options = {}) {
    Require(Put(std::span(items), options));
    items.clear();
  }
  void put_many(const std::vector<T>& items, const WaitOptions& options = {}) requires std::copyable<T> {
    put_many(std::vector<T>(items), options);
  }

  // ---- get ----------------------------------------------------------------------------------------------------------
  // Blocks: until there is an item. Empty at the timeout; ShutDown when the queue is shut down and nothing is left.
  T get(const WaitOptions& options = {}) {
    Getter getter;
    Require(Call(getter, options));
    return *std::move(getter.item);
  }
  T get_nowait() { return get(kNoWait); }
  // As get_nowait; Empty is nullopt.
  std::optional<T> try_get() {
    Getter getter;
    if (!Unless(Reason::kEmpty, Call(getter, kNoWait))) return std::nullopt;
    return std::move(getter.item);
  }
  // Waits like get for the first item and takes what else is ready: 1 to `max` items, in their order.
  // InvalidArgument when max is 0.
  std::vector<T> get_many(std::size_t max, const WaitOptions& options = {}) {
    if (max == 0) throw InvalidArgument("get_many: max must be at least 1");
    Require(Check(options));
    std::vector<T> taken;
    {
      MutexLock lock(mutex_);
      TakeReady(max, taken);
    }
    if (!taken.empty()) return taken;
    taken.reserve(std::min(max, kTopUp));  // what can fail comes before the first item is ours
    taken.push_back(get(options));
    MutexLock lock(mutex_);
    TakeReady(std::min(max, kTopUp) - 1, taken);
    return taken;
  }

  // ---- completion ---------------------------------------------------------------------------------------------------
  // The work on `n` items that were taken is finished. InvalidArgument (Python's ValueError), and nothing changes, when
  // fewer are in work: when it is called more often than get.
  void task_done(std::size_t n = 1) {
    MutexLock lock(mutex_);
    if (n > in_work_) throw InvalidArgument("task_done called more often than get");
    in_work_ -= n;
    ServeJoiners();
  }
  // Blocks: until every item that was put has been taken and finished, at one instant. Timeout at the timeout.
  void join(const WaitOptions& options = {}) {
    Joiner joiner;
    Require(Call(joiner, options));
  }

  // ---- shutdown -----------------------------------------------------------------------------------------------------
  // From now on puts, also those that wait, throw ShutDown; gets drain what is left and then throw it. `immediate`:
  // what is left is discarded and counted as finished; what is in work may still be finished. Returns how many items
  // were discarded. Final. A second shutdown changes nothing, except that an immediate one discards.
  std::size_t shutdown(bool immediate = false) {
    Items discarded;  // destroyed after the lock is released
    MutexLock lock(mutex_);
    shut_down_ = true;
    putters_.DecideAll(Reason::kShutDown);
    getters_.DecideAll(Reason::kShutDown);  // those who wait find nothing to get
    if (immediate) std::swap(discarded, items_);
    ServeJoiners();
    return discarded.Size();
  }

  // ---- settings and numbers; each is true at one instant of the call ------------------------------------------------
  std::int64_t maxsize() const {
    MutexLock lock(mutex_);
    return maxsize_;
  }
  // Live. Growing serves waiting puts at once. Shrinking evicts nothing: puts wait until the queue is below it again;
  // waiting batches that can never fit any more get TooLarge. InvalidArgument when negative.
  void set_maxsize(std::int64_t maxsize) {
    MutexLock lock(mutex_);
    maxsize_ = Checked(maxsize);
    for (detail::Waiter *waiter = putters_.Front(), *after; waiter; waiter = after) {
      after = detail::WaiterList::After(*waiter);
      if (NeverFits(static_cast<Putter*>(waiter)->items.size())) putters_.Decide(*waiter, Reason::kTooLarge);
    }
    ServePutters();
  }
  std::size_t qsize() const {
    MutexLock lock(mutex_);
    return items_.Size();
  }
  bool empty() const { return qsize() == 0; }
  // Python's meaning: qsize has reached maxsize. A queue without bound is never full.
  bool full() const {
    MutexLock lock(mutex_);
    return maxsize_ > 0 && !Fits(1);
  }
  // Items that wait or are in work: what join waits for.
  std::size_t unfinished() const {
    MutexLock lock(mutex_);
    return items_.Size() + in_work_;
  }
  bool is_shutdown() const {
    MutexLock lock(mutex_);
    return shut_down_;
  }
  // Threads that wait in get, put, join.
  std::size_t waiting_getters() const {
    MutexLock lock(mutex_);
    return getters_.Size();
  }
  std::size_t waiting_putters() const {
    MutexLock lock(mutex_);
    return putters_.Size();
  }
  std::size_t waiting_joiners() const {
    MutexLock lock(mutex_);
    return joiners_.Size();
  }

 private:
  using Items = typename OrderPolicy::template Items<T>;
  struct Putter : detail::Waiter {
    explicit Putter(std::span<T> batch) : Waiter(Reason::kFull), items(batch) {}
    std::span<T> items;  // Borrows: from the call
  };
  struct Getter : detail::Waiter {
    Getter() : Waiter(Reason::kEmpty) {}
    std::optional<T> item;
  };
  struct Joiner : detail::Waiter {
    Joiner() : Waiter(Reason::kTimeout) {}
  };

  static inline const WaitOptions kNoWait{.timeout = std::chrono::milliseconds(0), .stop = {}};
  static constexpr std::size_t kTopUp = 256;  // items of a get_many that had to wait: bounds what it reserves

  static std::int64_t Checked(std::int64_t maxsize) {
    if (maxsize < 0) throw InvalidArgument("maxsize must not be negative; 0 means no bound");
    return maxsize;
  }
  // Not inline: GCC 12 with a sanitizer takes an absent timeout for an uninitialized one.
  [[gnu::noinline]] static Reason Check(const WaitOptions& options) {
    if (options.timeout && options.timeout->count() < 0) return Reason::kInvalidArgument;
    return options.stop.stop_requested() ? Reason::kCancelled : Reason::kOk;
  }
  static bool IsZero(const WaitTime& timeout) { return timeout && timeout->count() == 0; }
  static bool Unless(Reason value, Reason outcome) {
    if (outcome == value) return false;
    Require(outcome);
    return true;
  }
  static void Require(Reason outcome) {
    if (outcome != Reason::kOk) ThrowError(outcome, Message(outcome));
  }
  static const char* Message(Reason reason) {
    switch (reason) {
      case Reason::kEmpty: return "the queue is empty";
      case Reason::kFull: return "the queue is full";
      case Reason::kShutDown: return "the queue is shut down";
      case Reason::kTimeout: return "items are still unfinished";
      case Reason::kCancelled: return "stopped by its stop token";
      case Reason::kTooLarge: return "more items at once than maxsize: put them in smaller batches";
      case Reason::kInvalidArgument: return "a timeout must not be negative; leave it out to wait for ever";
      default: return "";
    }
  }

  Reason Put(std::span<T> items, const WaitOptions& options) SLUICE_EXCLUDES(mutex_) {
    Putter putter(items);
    return Call(putter, options);
  }

  // ---- the three calls that may wait: each tries, then waits its turn; outcome at_deadline = it had to wait
  // ----------
  Reason Try(Putter& putter) SLUICE_REQUIRES(mutex_) {
    if (shut_down_) return Reason::kShutDown;
    if (NeverFits(putter.items.size())) return Reason::kTooLarge;
    if (putter.items.empty()) return Reason::kOk;
    if (!putters_.Empty() || !Fits(putter.items.size())) return Reason::kFull;
    items_.Add(putter.items);
    ServeGetters();
    return Reason::kOk;
  }
  Reason Try(Getter& getter) SLUICE_REQUIRES(mutex_) {
    if (items_.Size() == 0) return shut_down_ ? Reason::kShutDown : Reason::kEmpty;
    Take(getter);
    ServePutters();
    return Reason::kOk;
  }
  Reason Try(Joiner&) SLUICE_REQUIRES(mutex_) { return items_.Size() + in_work_ == 0 ? Reason::kOk : Reason::kTimeout; }
  detail::WaiterList& Line(const Putter&) SLUICE_REQUIRES(mutex_) { return putters_; }
  detail::WaiterList& Line(const Getter&) SLUICE_REQUIRES(mutex_) { return getters_; }
  detail::WaiterList& Line(const Joiner&) SLUICE_REQUIRES(mutex_) { return joiners_; }

  template <typename Caller>
  Reason Call(Caller& caller, const WaitOptions& options) SLUICE_EXCLUDES(mutex_) {
    if (const Reason reason = Check(options); reason != Reason::kOk) return reason;
    if (!options.stop.stop_possible()) {
      MutexLock lock(mutex_);
      return TryOrWait(caller, options);
    }
    {
      MutexLock lock(mutex_);  // without the cost of a callback
      const Reason reason = Try(caller);
      if (reason != caller.at_deadline || IsZero(options.timeout)) return reason;
    }
    // Set up before the call is in line, so that a stop never finds it there in vain. Set up and torn down without the
    // lock: the callback may run at once, and its destructor waits while it runs elsewhere.
    const std::stop_callback on_stop(options.stop, [&] {
      MutexLock lock(mutex_);
      if (caller.list) GiveUp(caller, Reason::kCancelled);
    });
    MutexLock lock(mutex_);
    return options.stop.stop_requested() ? Reason::kCancelled : TryOrWait(caller, options);
  }

  // Blocks: until the call is decided.
  template <typename Caller>
  Reason TryOrWait(Caller& caller, const WaitOptions& options) SLUICE_REQUIRES(mutex_) {
    const Reason reason = Try(caller);
    if (reason != caller.at_deadline || IsZero(options.timeout)) return reason;
    // Reading the clock under the lock means that a clock moved by hand either shows the new time here or finds this
    // call in its line. Longer is for ever; and the sum cannot overflow.
    constexpr auto kLongest = std::chrono::years(100);
    if (options.timeout && *options.timeout < kLongest) caller.deadline = clock_.Now() + *options.timeout;
    Line(caller).Append(caller);
    while (caller.list) {
      if (!caller.deadline || subscription_ != 0) {
        caller.decided.Wait(mutex_);
      } else if (const Duration left = *caller.deadline - clock_.Now(); left > Duration::zero()) {
        caller.decided.WaitFor(mutex_, left);
      } else {
        GiveUp(caller, caller.at_deadline);
      }
    }
    if (caller.error) std::rethrow_exception(caller.error);
    return caller.outcome;
  }

  void GiveUp(detail::Waiter& waiter, Reason outcome) SLUICE_REQUIRES(mutex_) {
    waiter.list->Decide(waiter, outcome);
    ServePutters();  // a large batch may have been in the way of smaller ones
  }

  // The clock's listener: of a clock that is moved by hand.
  void EndDueWaits() SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const TimePoint now = clock_.Now();
    for (detail::WaiterList* list : {&putters_, &getters_, &joiners_}) {
      for (detail::Waiter *waiter = list->Front(), *after; waiter; waiter = after) {
        after = detail::WaiterList::After(*waiter);
        if (waiter->deadline && *waiter->deadline <= now) list->Decide(*waiter, waiter->at_deadline);
      }
    }
    ServePutters();
  }

  // ---- serving. Invariant 1: who waits to get finds no item. Invariant 2: the first who waits to put finds no room
  // ----
  void ServeGetters() noexcept SLUICE_REQUIRES(mutex_) {
    while (!getters_.Empty() && items_.Size() > 0) {
      auto& getter = static_cast<Getter&>(*getters_.Front());
      try {
        Take(getter);
      } catch (...) {
        getter.error = std::current_exception();
      }
      getters_.Decide(getter, Reason::kOk);
    }
  }

  // Those served find no getter waiting: there would have been room for them.
  void ServePutters() noexcept SLUICE_REQUIRES(mutex_) {
    while (!putters_.Empty()) {
      auto& putter = static_cast<Putter&>(*putters_.Front());
      if (!Fits(putter.items.size())) return;
      try {
        items_.Add(putter.items);
      } catch (...) {
        putter.error = std::current_exception();
      }
      putters_.Decide(putter, Reason::kOk);
    }
  }

  void Take(Getter& getter) SLUICE_REQUIRES(mutex_) {
    getter.item.emplace(std::move(items_.Next()));
    items_.RemoveNext();
    ++in_work_;
  }

  void ServeJoiners() SLUICE_REQUIRES(mutex_) {
    if (items_.Size() + in_work_ == 0) joiners_.DecideAll(Reason::kOk);
  }

  void TakeReady(std::size_t max, std::vector<T>& taken) SLUICE_REQUIRES(mutex_) {
    const std::size_t count = std::min(max, items_.Size());
    taken.reserve(taken.size() + count);
    for (std::size_t i = 0; i < count; ++i, ++in_work_) {
      taken.push_back(std::move(items_.Next()));
      items_.RemoveNext();
    }
    ServePutters();
  }

  bool NeverFits(std::size_t count) const SLUICE_REQUIRES(mutex_) {
    return maxsize_ > 0 && count > static_cast<std::uint64_t>(maxsize_);
  }
  bool Fits(std::size_t count) const SLUICE_REQUIRES(mutex_) {
    const auto maxsize = static_cast<std::uint64_t>(maxsize_);
    return maxsize == 0 || (items_.Size() < maxsize && count <= maxsize - items_.Size());
  }

  Clock& clock_;
  mutable Mutex mutex_;
  std::int64_t maxsize_ SLUICE_GUARDED_BY(mutex_);
  bool shut_down_ SLUICE_GUARDED_BY(mutex_) = false;
  Items items_ SLUICE_GUARDED_BY(mutex_);
  std::size_t in_work_ SLUICE_GUARDED_BY(mutex_) = 0;  // taken, not finished
  detail::WaiterList putters_ SLUICE_GUARDED_BY(mutex_);
  detail::WaiterList getters_ SLUICE_GUARDED_BY(mutex_);
  detail::WaiterList joiners_ SLUICE_GUARDED_BY(mutex_);
  const int subscription_;  // of the clock: 0 = time passes by itself. Last: the listener may run at once
};

}  // namespace sluice
