// Leaving Python while a call waits, and coming back to it.
#pragma once

#include <Python.h>

#include <optional>
#include <type_traits>
#include <utility>

#include "client/cpp/src/interruption.h"

namespace sluice::python {

// Takes the GIL back. At the interpreter's end Python would end the thread here, through C++ frames that do not allow
// it; a thread that is not needed any more stays here instead, until the process ends.
void TakeGil(PyThreadState* state) noexcept;

// Other Python threads run while one of these lives. Requires: the GIL is held.
class Released {
 public:
  Released() : state_(PyEval_SaveThread()) {}
  ~Released() { TakeGil(state_); }
  Released(const Released&) = delete;
  Released& operator=(const Released&) = delete;

 protected:
  PyThreadState* state_;
};

// The same for the main thread, where Python runs the handlers of signals: they run while a call waits. One that raises
// (Ctrl-C: KeyboardInterrupt) ends the call.
class ReleasedInMainThread final : public Released, public detail::Interruption {
 public:
  bool raised() const { return raised_; }

 protected:
  bool Ask() override;

 private:
  bool raised_ = false;
};

bool IsMainThread();
// Throws the exception that a signal's handler left behind.
[[noreturn]] void ThrowRaised();

// Runs `call`, which may block, without the GIL. When a signal's handler raised, its exception is thrown and what the
// call returned is dropped: leases go back.
template <typename Call>
auto Blocking(const Call& call) -> std::invoke_result_t<Call> {
  using Result = std::invoke_result_t<Call>;
  if (!IsMainThread()) {
    const Released released;
    return call();
  }
  std::conditional_t<std::is_void_v<Result>, std::optional<bool>, std::optional<Result>> result;
  bool raised = false;
  try {
    ReleasedInMainThread released;
    try {
      if constexpr (std::is_void_v<Result>) {
        call();
      } else {
        result.emplace(call());
      }
    } catch (...) {
      raised = released.raised();
      throw;
    }
    raised = released.raised();
  } catch (...) {
    if (!raised) throw;
  }
  if (raised) {
    result.reset();
    ThrowRaised();
  }
  if constexpr (!std::is_void_v<Result>) return *std::move(result);
}

}  // namespace sluice::python
