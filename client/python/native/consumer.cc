#include "client/python/native/consumer.h"

#include <optional>
#include <utility>

#include <pybind11/stl.h>

#include "client/python/native/arguments.h"
#include "client/python/native/convert.h"
#include "client/python/native/gil.h"
#include "client/python/native/lease.h"
#include "client/python/native/queue.h"

namespace py = pybind11;

namespace sluice::python {
namespace {

LeasePtr ConsumeOne(const PyConsumer& consumer, std::optional<double> timeout, bool until_finished) {
  const auto handle = consumer.handle();
  const GetOptions options{.timeout = WaitTimeOf(timeout), .until_finished = until_finished};
  auto leases = Blocking([&] { return handle->get(options); });
  return std::make_unique<PyLease>(std::move(leases.front()), consumer.connection());
}

py::list ConsumeMany(const PyConsumer& consumer, std::size_t max_items, std::optional<double> timeout,
                     std::size_t min_items, double linger, bool until_finished) {
  const auto handle = consumer.handle();
  const GetManyOptions options = GetManyOptionsOf(timeout, min_items, linger, until_finished);
  return LeaseList(Blocking([&] { return handle->get_many(max_items, options); }), consumer.connection());
}

}  // namespace

PyConsumer::PyConsumer(std::shared_ptr<Connection> connection, detail::ConsumerHandle handle)
    : connection_(std::move(connection)), handle_(std::make_shared<detail::ConsumerHandle>(std::move(handle))) {}

std::shared_ptr<const detail::ConsumerHandle> PyConsumer::handle() const {
  if (!handle_) throw py::value_error("the consumer was closed");
  return handle_;
}

std::unique_ptr<PyConsumer> MakeConsumer(const PyQueue& queue, std::size_t prefetch) {
  return std::make_unique<PyConsumer>(queue.connection(), queue.handle().consumer({.prefetch = prefetch}));
}

void RegisterConsumer(py::module_& module) {
  py::class_<PyConsumer>(module, "Consumer")
      .def("get", &ConsumeOne, py::arg("timeout") = py::none(), py::arg("until_finished") = false)
      .def("get_many", &ConsumeMany, py::arg("max_items"), py::arg("timeout") = py::none(), py::arg("min_items") = 0,
           py::arg("linger") = 0.0, py::arg("until_finished") = false)
      .def("close", &PyConsumer::Close);
}

}  // namespace sluice::python
