// The exceptions of the SDK as those of the package.
#pragma once

#include <exception>

#include <pybind11/pybind11.h>

namespace sluice::python {

// From now on, what the SDK throws arrives in Python as the class of sluice.exceptions for its reason.
void RegisterErrors();

// The exception as a Python object that nobody raised yet: the outcome of an operation that nobody waited for.
pybind11::object ExceptionOf(const std::exception_ptr& error);

}  // namespace sluice::python
