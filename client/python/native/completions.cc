#include "client/python/native/completions.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <system_error>

#include "client/python/native/convert.h"
#include "client/python/native/errors.h"
#include "client/python/native/gil.h"
#include "client/python/native/lease.h"

namespace py = pybind11;

namespace sluice::python {
namespace {

struct PythonValue {
  const std::shared_ptr<Connection> connection;

  py::object operator()(std::monostate) const { return py::none(); }
  py::object operator()(const std::exception_ptr&) const { return py::none(); }
  py::object operator()(const std::vector<std::uint64_t>& ids) const {
    py::list list(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) list[i] = ids[i];
    return list;
  }
  py::object operator()(std::vector<detail::Lease>& leases) const { return LeaseList(std::move(leases), connection); }
  py::object operator()(const QueueCounts& counts) const { return ToPython(counts); }
};

}  // namespace

Inbox::Inbox() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Inbox::~Inbox() { close(fd_); }

void Inbox::Give(Arrived arrived) {
  MutexLock lock(mutex_);
  arrived_.push_back(std::move(arrived));
  if (arrived_.size() > 1) return;  // told already
  const std::uint64_t one = 1;
  static_cast<void>(!write(fd_, &one, sizeof one));  // cannot fail: the counter is 0
}

std::vector<Inbox::Arrived> Inbox::Take() {
  MutexLock lock(mutex_);
  std::uint64_t count = 0;
  static_cast<void>(!read(fd_, &count, sizeof count));  // EAGAIN: nothing is here
  return std::exchange(arrived_, {});
}

py::list Completions::Take() const {
  std::vector<Inbox::Arrived> arrived = inbox_->Take();
  py::list list(arrived.size());
  for (std::size_t i = 0; i < arrived.size(); ++i) {
    Inbox::Arrived& each = arrived[i];
    const auto* const error = std::get_if<std::exception_ptr>(&each.value);
    list[i] = py::make_tuple(each.token, std::visit(PythonValue{each.connection.lock()}, each.value),
                             error != nullptr ? ExceptionOf(*error) : py::none());
  }
  return list;
}

void Operation::Cancel() {
  const Released released;
  stop_.request_stop();
}

void RegisterCompletions(py::module_& module) {
  py::class_<Completions>(module, "Completions")
      .def(py::init<>())
      .def("fileno", &Completions::fileno)
      .def("take", &Completions::Take);
  py::class_<Operation>(module, "Operation").def("cancel", &Operation::Cancel);
}

}  // namespace sluice::python
