// sluice._native.Queue: the operations of one queue, in bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <pybind11/pybind11.h>

#include <sluice/queue.h>

#include "client/python/native/connection.h"

namespace sluice::python {

// Thread safety: all methods may be called from any thread.
class PyQueue {
 public:
  // InvalidArgument: the name or the settings make no sense.
  PyQueue(std::shared_ptr<Connection> connection, const std::string& name, const pybind11::object& create);

  const detail::QueueHandle& handle() const { return handle_; }
  const std::shared_ptr<Connection>& connection() const { return connection_; }

 private:
  const std::shared_ptr<Connection> connection_;
  const detail::QueueHandle handle_;
};

void RegisterQueue(pybind11::module_& module);

}  // namespace sluice::python
