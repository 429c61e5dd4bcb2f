#include "client/python/native/gil.h"

#include <cxxabi.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <pybind11/pybind11.h>

namespace sluice::python {

void TakeGil(PyThreadState* state) noexcept {
  try {
    PyEval_RestoreThread(state);
  } catch (abi::__forced_unwind&) {
    for (;;) pause();
  }
}

bool ReleasedInMainThread::Ask() {
  TakeGil(state_);
  raised_ = PyErr_CheckSignals() != 0;
  state_ = PyEval_SaveThread();
  return raised_;
}

// Also right in the child of a fork, whichever thread forked.
bool IsMainThread() { return syscall(SYS_gettid) == getpid(); }

void ThrowRaised() { throw pybind11::error_already_set(); }

}  // namespace sluice::python
