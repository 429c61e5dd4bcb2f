// sluice._native.Completions: where the outcomes of operations arrive that nobody waits for.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <stop_token>
#include <utility>
#include <variant>
#include <vector>

#include <pybind11/pybind11.h>

#include <sluice/mutex.h>
#include <sluice/outcome.h>
#include <sluice/queue.h>

#include "client/python/native/connection.h"

namespace sluice::python {

// What threads of the client give, and Python takes: they never wait for Python.
//
// Thread safety: all methods may be called from any thread.
class Inbox {
 public:
  using Value = std::variant<std::monostate, std::exception_ptr, std::vector<std::uint64_t>, std::vector<detail::Lease>,
                             QueueCounts>;
  struct Arrived {
    std::uint64_t token;
    Value value;
    std::weak_ptr<Connection> connection;  // of the leases
  };

  // Throws std::system_error when the process has no file descriptor left.
  Inbox();
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // Readable while something is here.
  int fd() const noexcept { return fd_; }
  void Give(Arrived arrived) SLUICE_EXCLUDES(mutex_);
  std::vector<Arrived> Take() SLUICE_EXCLUDES(mutex_);

 private:
  const int fd_;
  Mutex mutex_;
  std::vector<Arrived> arrived_ SLUICE_GUARDED_BY(mutex_);
};

class Completions {
 public:
  // For an operation: its outcome arrives under the token. `connection`: not kept by who only waits.
  template <typename T>
  detail::Callback<T> Expect(std::uint64_t token, const std::shared_ptr<Connection>& connection) const {
    return {[inbox = inbox_, token, weak = std::weak_ptr(connection)](Outcome<T> outcome) {
              Inbox::Value value;
              if (!outcome.ok()) {
                value = outcome.error();
              } else if constexpr (!std::is_void_v<T>) {
                value = std::move(outcome).get();
              }
              inbox->Give({token, std::move(value), weak});
            },
            true};
  }

  int fileno() const noexcept { return inbox_->fd(); }
  // [(token, value, exception)]
  pybind11::list Take() const;

 private:
  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
};

// sluice._native.Operation: one that is under way.
class Operation {
 public:
  explicit Operation(std::stop_source stop) : stop_(std::move(stop)) {}
  // It ends soon, with Cancelled or with what came first. Its outcome arrives in any case.
  void Cancel();

 private:
  std::stop_source stop_;
};

void RegisterCompletions(pybind11::module_& module);

}  // namespace sluice::python
