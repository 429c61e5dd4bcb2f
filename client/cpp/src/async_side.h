// What a client has for its asynchronous operations.
#pragma once

#include "client/cpp/src/callback_thread.h"
#include "client/cpp/src/put_window.h"

namespace sluice::detail {

struct AsyncSide {
  CallbackThread callbacks;
  PutWindow puts;
};

}  // namespace sluice::detail
