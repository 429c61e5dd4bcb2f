#include "client/python/native/queue_async.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <pybind11/stl.h>

#include "client/python/native/arguments.h"
#include "client/python/native/completions.h"
#include "client/python/native/convert.h"
#include "client/python/native/gil.h"

namespace py = pybind11;

namespace sluice::python {
namespace {

using Ids = std::vector<std::uint64_t>;

Operation PutAsync(const PyQueue& queue, const Completions& completions, std::uint64_t token,
                   const detail::PutItems& items, std::optional<double> timeout, const std::string& request_id) {
  const std::stop_source stop;
  const PutOptions options{.timeout = WaitTimeOf(timeout), .stop = stop.get_token(), .request_id = request_id};
  const Released released;
  queue.handle().put_async(items, options, completions.Expect<Ids>(token, queue.connection()), false);
  return Operation(stop);
}

Operation PutOneAsync(const PyQueue& queue, const Completions& completions, std::uint64_t token,
                      const py::bytes& payload, std::string_view content_type, std::int64_t priority,
                      const py::object& headers, std::optional<double> timeout, const std::string& request_id) {
  return PutAsync(queue, completions, token, ItemsOf(payload, content_type, priority, headers), timeout, request_id);
}

Operation PutManyAsync(const PyQueue& queue, const Completions& completions, std::uint64_t token,
                       const py::sequence& items, std::optional<double> timeout, const std::string& request_id) {
  return PutAsync(queue, completions, token, ItemsOf(items), timeout, request_id);
}

Operation GetManyAsync(const PyQueue& queue, const Completions& completions, std::uint64_t token, std::size_t max_items,
                       std::optional<double> timeout, std::size_t min_items, double linger, bool until_finished) {
  const std::stop_source stop;
  GetManyOptions options = GetManyOptionsOf(timeout, min_items, linger, until_finished);
  options.stop = stop.get_token();
  const Released released;
  queue.handle().get_many_async(max_items, options,
                                completions.Expect<std::vector<detail::Lease>>(token, queue.connection()));
  return Operation(stop);
}

Operation JoinAsync(const PyQueue& queue, const Completions& completions, std::uint64_t token,
                    std::optional<double> timeout, bool only_put_before) {
  const std::stop_source stop;
  const JoinOptions options{
      .timeout = WaitTimeOf(timeout), .only_put_before = only_put_before, .stop = stop.get_token()};
  const Released released;
  queue.handle().join_async(options, completions.Expect<QueueCounts>(token, queue.connection()));
  return Operation(stop);
}

}  // namespace

void DefineAsync(py::class_<PyQueue>& queue) {
  queue
      .def("put_async", &PutOneAsync, py::arg("completions"), py::arg("token"), py::arg("payload"),
           py::arg("content_type"), py::arg("priority") = 0, py::arg("headers") = py::none(),
           py::arg("timeout") = py::none(), py::arg("request_id") = "")
      .def("put_many_async", &PutManyAsync, py::arg("completions"), py::arg("token"), py::arg("items"),
           py::arg("timeout") = py::none(), py::arg("request_id") = "")
      .def("get_many_async", &GetManyAsync, py::arg("completions"), py::arg("token"), py::arg("max_items") = 1,
           py::arg("timeout") = py::none(), py::arg("min_items") = 0, py::arg("linger") = 0.0,
           py::arg("until_finished") = false)
      .def("join_async", &JoinAsync, py::arg("completions"), py::arg("token"), py::arg("timeout") = py::none(),
           py::arg("only_put_before") = false);
}

}  // namespace sluice::python
