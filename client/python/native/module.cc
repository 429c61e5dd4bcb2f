// sluice._native: the C++ SDK as Python calls it. Thin: codecs, thread-local tasks and Python's argument rules are in
// the package.
//
// The GIL is released around every call that may block, and nothing that the SDK calls back takes it: no thread of a
// client ever waits for Python, not at the interpreter's end either.
#include <pybind11/pybind11.h>

#include "client/python/native/client.h"
#include "client/python/native/completions.h"
#include "client/python/native/consumer.h"
#include "client/python/native/errors.h"
#include "client/python/native/lease.h"
#include "client/python/native/queue.h"

PYBIND11_MODULE(_native, module) {
  module.doc() = "The C++ SDK of Sluice. Use the package `sluice`; this is what it stands on.";
  sluice::python::RegisterErrors();
  sluice::python::RegisterCompletions(module);
  sluice::python::RegisterLease(module);
  sluice::python::RegisterConsumer(module);
  sluice::python::RegisterQueue(module);
  sluice::python::RegisterClient(module);
}
