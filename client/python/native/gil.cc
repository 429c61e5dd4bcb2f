#include "client/python/native/gil.h"

#include <cxxabi.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include <pybind11/pybind11.h>

namespace sluice::python {
namespace {

enum class Answer : std::uint8_t { kNotAsked, kYes, kNo };
constinit thread_local Answer is_main_thread = Answer::kNotAsked;  // costs two system calls

}  // namespace

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

bool IsMainThread() {
  // In the child of a fork the thread that forked is the main one.
  static const int registered = pthread_atfork(nullptr, nullptr, [] { is_main_thread = Answer::kNotAsked; });
  static_cast<void>(registered);
  if (is_main_thread == Answer::kNotAsked) {
    is_main_thread = syscall(SYS_gettid) == getpid() ? Answer::kYes : Answer::kNo;
  }
  return is_main_thread == Answer::kYes;
}

void ThrowRaised() { throw pybind11::error_already_set(); }

}  // namespace sluice::python
