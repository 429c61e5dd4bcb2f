#include "client/cpp/src/interruption.h"

namespace sluice::detail {

constinit thread_local Interruption* Interruption::current_ = nullptr;

}  // namespace sluice::detail
