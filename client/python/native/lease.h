// sluice._native.Lease: an item in this process's hands.
#pragma once

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include <pybind11/pybind11.h>

#include <sluice/task.h>

#include "client/python/native/connection.h"

namespace sluice::python {

// Thread safety: a lease that one thread is settling is refused to all others (ValueError).
class PyLease {
 public:
  // `connection`: may be null, when the client is gone.
  PyLease(detail::Lease lease, std::shared_ptr<Connection> connection)
      : connection_(std::move(connection)), lease_(std::move(lease)) {}

  // ValueError: it was given away to an operation, or another thread is settling it just now.
  const detail::Lease& get() const;

  // Nobody else's while one of these lives.
  class Mine {
   public:
    explicit Mine(PyLease& lease);
    ~Mine();
    Mine(Mine&&) noexcept;
    Mine& operator=(Mine&&) = delete;
    detail::Lease& lease() const { return owner_->lease_; }

   private:
    PyLease* owner_;
  };

 private:
  const std::shared_ptr<Connection> connection_;
  detail::Lease lease_;
  std::atomic<bool> busy_{false};  // becomes true with the GIL held
};

using LeasePtr = std::unique_ptr<PyLease>;

// As Python has them. The GIL is held.
pybind11::list LeaseList(std::vector<detail::Lease>&& leases, const std::shared_ptr<Connection>& connection);

void RegisterLease(pybind11::module_& module);

}  // namespace sluice::python
