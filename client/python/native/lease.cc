#include "client/python/native/lease.h"

#include <string>

#include "client/python/native/completions.h"
#include "client/python/native/convert.h"
#include "client/python/native/gil.h"

namespace py = pybind11;

namespace sluice::python {
namespace {

void CheckThere(const detail::Lease& lease) {
  if (!lease.valid()) throw py::value_error("the lease was given away: done_async or fail_async settles it");
}

void CheckIdle(bool busy) {
  if (busy) throw py::value_error("another thread is settling the lease just now");
}

py::bytes Payload(const PyLease& lease) { return {lease.get().payload().data(), lease.get().payload().size()}; }

void SettleDone(PyLease& lease) {
  const PyLease::Mine mine(lease);
  Blocking([&] { mine.lease().done(); });
}

void SettleFailed(PyLease& lease, const std::string& error) {
  const PyLease::Mine mine(lease);
  Blocking([&] { mine.lease().fail(error); });
}

void SettleReleased(PyLease& lease) {
  const PyLease::Mine mine(lease);
  Blocking([&] { mine.lease().release(); });
}

void SettleDoneAsync(PyLease& lease, const Completions& completions, std::uint64_t token) {
  const PyLease::Mine mine(lease);
  auto callback = completions.Expect<void>(token, nullptr);
  const Released released;
  std::move(mine.lease()).done_async(std::move(callback));
}

void SettleFailedAsync(PyLease& lease, const Completions& completions, std::uint64_t token, const std::string& error) {
  const PyLease::Mine mine(lease);
  auto callback = completions.Expect<void>(token, nullptr);
  const Released released;
  std::move(mine.lease()).fail_async(error, std::move(callback));
}

}  // namespace

const detail::Lease& PyLease::get() const {
  CheckIdle(busy_);
  CheckThere(lease_);
  return lease_;
}

PyLease::Mine::Mine(PyLease& lease) : owner_(&lease) {
  CheckIdle(owner_->busy_);
  CheckThere(owner_->lease_);
  owner_->busy_ = true;
}

PyLease::Mine::Mine(Mine&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}

PyLease::Mine::~Mine() {
  if (owner_ != nullptr) owner_->busy_ = false;
}

py::list LeaseList(std::vector<detail::Lease>&& leases, const std::shared_ptr<Connection>& connection) {
  py::list list(leases.size());
  for (std::size_t i = 0; i < leases.size(); ++i) {
    list[i] = py::cast(std::make_unique<PyLease>(std::move(leases[i]), connection));
  }
  return list;
}

void RegisterLease(py::module_& module) {
  py::class_<PyLease>(module, "Lease")
      .def_property_readonly("id", [](const PyLease& lease) { return lease.get().id(); })
      .def_property_readonly("fence", [](const PyLease& lease) { return lease.get().fence(); })
      .def_property_readonly("attempt", [](const PyLease& lease) { return lease.get().attempt(); })
      .def_property_readonly("priority", [](const PyLease& lease) { return lease.get().priority(); })
      .def_property_readonly("put_time", [](const PyLease& lease) { return ToPython(lease.get().put_time()); })
      .def_property_readonly("payload", &Payload)
      .def_property_readonly("content_type", [](const PyLease& lease) { return lease.get().content_type(); })
      .def_property_readonly("headers", [](const PyLease& lease) { return ToPython(lease.get().headers()); })
      .def("content", [](const PyLease& lease) { return py::make_tuple(Payload(lease), lease.get().content_type()); })
      .def_property_readonly("decided",
                             [](const PyLease& lease) { return lease.get().decision() != detail::Decision::kNone; })
      .def_property_readonly("lost",
                             [](const PyLease& lease) { return lease.get().decision() == detail::Decision::kLost; })
      .def("done", &SettleDone)
      .def("done_nowait", [](PyLease& lease) { PyLease::Mine(lease).lease().done_nowait(); })
      .def("fail", &SettleFailed, py::arg("error"))
      .def("release", &SettleReleased)
      .def("done_async", &SettleDoneAsync, py::arg("completions"), py::arg("token"))
      .def("fail_async", &SettleFailedAsync, py::arg("completions"), py::arg("token"), py::arg("error"));
}

}  // namespace sluice::python
