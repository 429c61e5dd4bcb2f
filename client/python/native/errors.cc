#include "client/python/native/errors.h"

#include <array>
#include <cstddef>
#include <stdexcept>
#include <typeinfo>

#include <sluice/error.h>

#include "client/cpp/src/fork_guard.h"

namespace py = pybind11;

namespace sluice::python {
namespace {

// By reason; kOk stands for a client that was made before a fork.
constexpr std::array kClasses = {"ForkError",       "Empty",         "Full",        "ShutDown",     "Timeout",
                                 "LeaseLost",       "QueueNotFound", "QueueExists", "QueueDeleted", "TooLarge",
                                 "InvalidArgument", "LimitReached",  "Cancelled",   "SessionLost",  "Unavailable",
                                 "InternalError"};
std::array<PyObject*, kClasses.size()> classes;  // never given back: exceptions may come until the process ends

PyObject* ClassOf(Reason reason) { return classes[static_cast<std::size_t>(reason)]; }

// Sets Python's exception, or throws on.
void Translate(std::exception_ptr error) {  // NOLINT: as pybind11 calls it
  try {
    if (error) std::rethrow_exception(error);
  } catch (const detail::MadeBeforeFork& forked) {
    PyErr_SetString(ClassOf(Reason::kOk), forked.what());
  } catch (const Error& refused) {
    PyErr_SetString(ClassOf(refused.reason()), refused.what());
  } catch (const std::logic_error& mistake) {
    if (typeid(mistake) != typeid(std::logic_error)) throw;
    PyErr_SetString(PyExc_ValueError, mistake.what());
  }
}

}  // namespace

void RegisterErrors() {
  const py::module_ exceptions = py::module_::import("sluice.exceptions");
  for (std::size_t i = 0; i < kClasses.size(); ++i)
    classes[i] = py::object(exceptions.attr(kClasses[i])).release().ptr();
  py::register_local_exception_translator(&Translate);
}

py::object ExceptionOf(const std::exception_ptr& error) {
  try {
    Translate(error);
  } catch (const std::exception& other) {
    PyErr_SetString(PyExc_RuntimeError, other.what());
  }
  const py::error_already_set raised;
  return raised.value();
}

}  // namespace sluice::python
