#include "client/python/native/arguments.h"

#include "client/python/native/convert.h"

namespace py = pybind11;

namespace sluice::python {
namespace {

std::string_view ViewOf(const py::handle& payload) {
  if (!PyBytes_Check(payload.ptr())) throw py::type_error("a payload is bytes");
  return {PyBytes_AS_STRING(payload.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(payload.ptr()))};
}

}  // namespace

detail::PutItems ItemsOf(const py::bytes& payload, std::string_view content_type, std::int64_t priority,
                         const py::object& headers) {
  detail::PutItems items(1, {}, {});
  items.Add(ViewOf(payload), content_type, priority, HeadersOf(headers));
  return items;
}

detail::PutItems ItemsOf(const py::sequence& values) {
  detail::PutItems items(values.size(), {}, {});
  for (const py::object& value : values) {
    const auto item = value.cast<py::tuple>();
    if (item.size() != 4) throw py::type_error("an item is (payload, content_type, priority, headers)");
    items.Add(ViewOf(item[0]), item[1].cast<std::string_view>(), item[2].cast<std::int64_t>(), HeadersOf(item[3]));
  }
  return items;
}

GetManyOptions GetManyOptionsOf(std::optional<double> timeout, std::size_t min_items, double linger,
                                bool until_finished) {
  return {.timeout = WaitTimeOf(timeout),
          .min_items = min_items,
          .linger = MillisecondsOf(linger),
          .until_finished = until_finished};
}

}  // namespace sluice::python
