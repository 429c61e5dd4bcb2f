// sluice._native.Consumer: a queue to get from, with items got in advance.
#pragma once

#include <memory>

#include <pybind11/pybind11.h>

#include <sluice/consumer.h>

#include "client/python/native/connection.h"

namespace sluice::python {

class PyQueue;

// Thread safety: all methods may be called from any thread that holds the GIL.
class PyConsumer {
 public:
  PyConsumer(std::shared_ptr<Connection> connection, detail::ConsumerHandle handle);

  // ValueError: it was closed. The handle lives on until the call that uses it has ended.
  std::shared_ptr<const detail::ConsumerHandle> handle() const;
  const std::shared_ptr<Connection>& connection() const { return connection_; }
  void Close() { handle_ = nullptr; }

 private:
  const std::shared_ptr<Connection> connection_;
  std::shared_ptr<const detail::ConsumerHandle> handle_;
};

std::unique_ptr<PyConsumer> MakeConsumer(const PyQueue& queue, std::size_t prefetch);

void RegisterConsumer(pybind11::module_& module);

}  // namespace sluice::python
