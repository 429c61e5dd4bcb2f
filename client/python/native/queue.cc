#include "client/python/native/queue.h"

#include <cstdint>
#include <string_view>
#include <vector>

#include <pybind11/stl.h>

#include "client/python/native/arguments.h"
#include "client/python/native/consumer.h"
#include "client/python/native/convert.h"
#include "client/python/native/gil.h"
#include "client/python/native/lease.h"
#include "client/python/native/queue_async.h"

namespace py = pybind11;

namespace sluice::python {
namespace {

detail::QueueHandle HandleOf(const Connection& connection, const std::string& name, const py::object& create) {
  std::optional<QueueSettings> settings;
  if (!create.is_none()) settings = SettingsOf(create.cast<py::dict>());
  return connection.client().queue<std::string>(name, std::move(settings)).handle();
}

std::uint64_t PutOne(const PyQueue& queue, const py::bytes& payload, std::string_view content_type,
                     std::int64_t priority, const py::object& headers, std::optional<double> timeout,
                     const std::string& request_id) {
  const PutOptions options{.timeout = WaitTimeOf(timeout), .request_id = request_id};
  const detail::PutItems items = ItemsOf(payload, content_type, priority, headers);
  return Blocking([&] { return queue.handle().put(items, options).ids.front(); });
}

py::dict PutMany(const PyQueue& queue, const py::sequence& values, std::optional<double> timeout,
                 const std::string& request_id) {
  const PutOptions options{.timeout = WaitTimeOf(timeout), .request_id = request_id};
  const detail::PutItems items = ItemsOf(values);
  const PutReceipt receipt = Blocking([&] { return queue.handle().put(items, options); });
  py::dict result;
  result["ids"] = receipt.ids;
  result["durability"] = DurabilityName(receipt.durability);
  result["duplicate"] = receipt.duplicate;
  return result;
}

LeasePtr Get(const PyQueue& queue, std::optional<double> timeout, bool until_finished) {
  const GetOptions options{.timeout = WaitTimeOf(timeout), .until_finished = until_finished};
  auto leases = Blocking([&] { return queue.handle().get(options); });
  return std::make_unique<PyLease>(std::move(leases.front()), queue.connection());
}

py::list GetMany(const PyQueue& queue, std::size_t max_items, std::optional<double> timeout, std::size_t min_items,
                 double linger, bool until_finished) {
  const GetManyOptions options = GetManyOptionsOf(timeout, min_items, linger, until_finished);
  return LeaseList(Blocking([&] { return queue.handle().get_many(max_items, options); }), queue.connection());
}

// Where a signal may end the call, it is got and then done, so that an item that came all the same goes back.
LeasePtr Pop(const PyQueue& queue, std::optional<double> timeout) {
  const GetOptions options{.timeout = WaitTimeOf(timeout)};
  auto leases = Blocking([&] {
    if (!IsMainThread()) return queue.handle().pop(options);
    auto taken = queue.handle().get(options);
    if (!detail::Interruption::Over()) taken.front().done_nowait();
    return taken;
  });
  return std::make_unique<PyLease>(std::move(leases.front()), queue.connection());
}

// Nobody else's while this lives: the leases, as the SDK takes them.
class Settling {
 public:
  explicit Settling(const py::sequence& leases) {
    mine_.reserve(leases.size());
    for (const py::handle& each : leases) pointers_.push_back(&mine_.emplace_back(each.cast<PyLease&>()).lease());
  }
  const std::vector<detail::Lease*>& leases() const { return pointers_; }

 private:
  std::vector<PyLease::Mine> mine_;
  std::vector<detail::Lease*> pointers_;
};

void DoneMany(const PyQueue& queue, const py::sequence& leases) {
  const Settling settling(leases);
  Blocking([&] { queue.handle().done_many(settling.leases()); });
}

void DoneManyNowait(const PyQueue& queue, const py::sequence& leases) {
  const Settling settling(leases);
  queue.handle().done_many_nowait(settling.leases());
}

using Fences = std::vector<std::uint64_t>;

Fences TaskDone(const PyQueue& queue, const Fences& fences) {
  return Blocking([&] { return queue.handle().task_done(fences); });
}

Fences FailFences(const PyQueue& queue, const Fences& fences, const std::string& error) {
  return Blocking([&] { return queue.handle().fail(fences, error); });
}

Fences ReleaseFences(const PyQueue& queue, const Fences& fences) {
  return Blocking([&] { return queue.handle().release(fences); });
}

double Extend(const PyQueue& queue, std::uint64_t fence, double lease) {
  const auto most = Blocking([&] { return queue.handle().extend(fence, MillisecondsOf(lease)); });
  return std::chrono::duration<double>(most).count();
}

py::dict Join(const PyQueue& queue, std::optional<double> timeout, bool only_put_before) {
  const JoinOptions options{.timeout = WaitTimeOf(timeout), .only_put_before = only_put_before};
  return ToPython(Blocking([&] { return queue.handle().join(options); }));
}

py::list Peek(const PyQueue& queue, std::size_t max_items) {
  py::list list;
  for (const PeekedPayload& item : Blocking([&] { return queue.handle().peek(max_items); }))
    list.append(ToPython(item));
  return list;
}

py::dict Update(const PyQueue& queue, const py::kwargs& changes) {
  const QueueUpdate update = UpdateOf(changes);
  return ToPython(Blocking([&] { return queue.handle().update(update); }));
}

}  // namespace

PyQueue::PyQueue(std::shared_ptr<Connection> connection, const std::string& name, const py::object& create)
    : connection_(std::move(connection)), handle_(HandleOf(*connection_, name, create)) {}

void RegisterQueue(py::module_& module) {
  auto queue = py::class_<PyQueue>(module, "Queue");
  queue.def_property_readonly("name", [](const PyQueue& self) { return self.handle().name(); })
      .def("put", &PutOne, py::arg("payload"), py::arg("content_type"), py::arg("priority") = 0,
           py::arg("headers") = py::none(), py::arg("timeout") = py::none(), py::arg("request_id") = "")
      .def("put_many", &PutMany, py::arg("items"), py::arg("timeout") = py::none(), py::arg("request_id") = "")
      .def("get", &Get, py::arg("timeout") = py::none(), py::arg("until_finished") = false)
      .def("get_many", &GetMany, py::arg("max_items"), py::arg("timeout") = py::none(), py::arg("min_items") = 0,
           py::arg("linger") = 0.0, py::arg("until_finished") = false)
      .def("pop", &Pop, py::arg("timeout") = py::none())
      .def("consumer", &MakeConsumer, py::arg("prefetch"))
      .def("done_many", &DoneMany, py::arg("leases"))
      .def("done_many_nowait", &DoneManyNowait, py::arg("leases"))
      .def("task_done", &TaskDone, py::arg("fences"))
      .def("fail", &FailFences, py::arg("fences"), py::arg("error"))
      .def("release", &ReleaseFences, py::arg("fences"))
      .def("extend", &Extend, py::arg("fence"), py::arg("lease"))
      .def("join", &Join, py::arg("timeout") = py::none(), py::arg("only_put_before") = false)
      .def(
          "shutdown",
          [](const PyQueue& self, bool immediate) {
            return Blocking([&] { return self.handle().shutdown(immediate); });
          },
          py::arg("immediate") = false)
      .def("reopen", [](const PyQueue& self) { Blocking([&] { self.handle().reopen(); }); })
      .def("purge", [](const PyQueue& self) { return Blocking([&] { return self.handle().purge(); }); })
      .def("describe", [](const PyQueue& self) { return ToPython(Blocking([&] { return self.handle().describe(); })); })
      .def("stats", [](const PyQueue& self) { return ToPython(Blocking([&] { return self.handle().stats(); })); })
      .def("peek", &Peek, py::arg("max_items") = 1)
      .def("update", &Update);
  DefineAsync(queue);
}

}  // namespace sluice::python
