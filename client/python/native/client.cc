#include "client/python/native/client.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <pybind11/stl.h>

#include <sluice/client.h>

#include "client/python/native/connection.h"
#include "client/python/native/convert.h"
#include "client/python/native/gil.h"
#include "client/python/native/queue.h"

namespace py = pybind11;

namespace sluice::python {
namespace {

using ConnectionPtr = std::shared_ptr<Connection>;

ConnectionPtr Connect(const std::string& address, const std::string& name, double lease, double connect_timeout,
                      bool retry_forever, double min_backoff, double max_backoff) {
  const ClientOptions options{.name = name,
                              .lease = MillisecondsOf(lease),
                              .connect_timeout = MillisecondsOf(connect_timeout),
                              .retry_forever = retry_forever,
                              .min_backoff = MillisecondsOf(min_backoff),
                              .max_backoff = MillisecondsOf(max_backoff)};
  return Blocking([&] { return std::make_shared<Connection>(address, options); });
}

std::unique_ptr<PyQueue> MakeQueue(const ConnectionPtr& self, const std::string& name, const py::object& create) {
  return std::make_unique<PyQueue>(self, name, create);
}

bool CreateQueueOf(const Connection& self, const std::string& queue, const py::dict& settings) {
  const QueueSettings asked = SettingsOf(settings);
  return Blocking([&] { return self.client().create(queue, asked); });
}

py::dict UpdateQueueOf(const Connection& self, const std::string& queue, const py::dict& changes) {
  const QueueUpdate update = UpdateOf(changes);
  return ToPython(Blocking([&] { return self.client().update(queue, update); }));
}

std::uint64_t DeleteQueueOf(const Connection& self, const std::string& queue) {
  return Blocking([&] { return self.client().remove(queue); });
}

py::list ListQueuesOf(const Connection& self, const std::string& space, const std::string& prefix) {
  py::list list;
  for (const QueueDescription& queue : Blocking([&] { return self.client().list(space, prefix); })) {
    list.append(ToPython(queue));
  }
  return list;
}

py::dict DescribeQueueOf(const Connection& self, const std::string& queue) {
  return ToPython(Blocking([&] { return self.client().describe(queue); }));
}

py::list JoinAll(const Connection& self, const std::vector<std::string>& queues, std::optional<double> timeout,
                 bool only_put_before) {
  const JoinOptions options{.timeout = WaitTimeOf(timeout), .only_put_before = only_put_before};
  py::list list;
  for (const QueueCounts& counts : Blocking([&] { return self.client().join(queues, options); })) {
    list.append(ToPython(counts));
  }
  return list;
}

void CloseNow(const Connection& self) {
  const Released released;
  self.client().close();
}

}  // namespace

void RegisterClient(py::module_& module) {
  CloseConnectionsAtExit();
  const ClientOptions defaults;
  const auto seconds = [](std::chrono::milliseconds time) { return std::chrono::duration<double>(time).count(); };
  py::class_<Connection, ConnectionPtr>(module, "Client")
      .def(py::init(&Connect), py::arg("address"), py::kw_only(), py::arg("name") = "",
           py::arg("lease") = seconds(defaults.lease), py::arg("connect_timeout") = seconds(defaults.connect_timeout),
           py::arg("retry_forever") = defaults.retry_forever, py::arg("min_backoff") = seconds(defaults.min_backoff),
           py::arg("max_backoff") = seconds(defaults.max_backoff))
      .def("queue", &MakeQueue, py::arg("name"), py::arg("create") = py::none())
      .def("create", &CreateQueueOf, py::arg("queue"), py::arg("settings"))
      .def("update", &UpdateQueueOf, py::arg("queue"), py::arg("changes"))
      .def("delete", &DeleteQueueOf, py::arg("queue"))
      .def("list", &ListQueuesOf, py::arg("namespace") = "default", py::arg("prefix") = "")
      .def("describe", &DescribeQueueOf, py::arg("queue"))
      .def("join", &JoinAll, py::arg("queues"), py::arg("timeout") = py::none(), py::arg("only_put_before") = false)
      .def("close", &CloseNow);
}

}  // namespace sluice::python
