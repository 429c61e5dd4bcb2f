// The operations of sluice._native.Queue that nobody waits for.
#pragma once

#include <pybind11/pybind11.h>

#include "client/python/native/queue.h"

namespace sluice::python {

void DefineAsync(pybind11::class_<PyQueue>& queue);

}  // namespace sluice::python
