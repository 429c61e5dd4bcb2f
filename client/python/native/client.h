// sluice._native.Client: a connection, and the queues of a server.
#pragma once

#include <pybind11/pybind11.h>

namespace sluice::python {

void RegisterClient(pybind11::module_& module);

}  // namespace sluice::python
