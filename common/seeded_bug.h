// Bugs on purpose, one line each, where they would hurt: that the tests find them shows that the tests can see.
//
// In the product SLUICE_SEEDED_BUG(...) is the constant false: no cost, no symbol. One test program compiles the core
// and the broker with SLUICE_SEEDED_BUGS, and switches them on one by one.
#pragma once

#ifdef SLUICE_SEEDED_BUGS

#include <cstdint>

namespace sluice {

enum class SeededBug : std::uint8_t {
  kNone,
  kSkipSync,            // a batch is appended at level memory
  kAnswerBeforeCommit,  // answers do not wait for the journal
  kForgetLease,         // leases are left out at recovery
  kSkipFence,           // a task_done of a lease that is not held is taken for one that was carried out
  kLoseWaiter,          // nobody is served when the items of an ended session come back
  kForgetPut,           // recovery does not remember who put what
  kCountTwice,          // recovery counts finished items twice
  kSkipTail,            // recovery reads the first record of each batch alone
  kTrimTooEarly,        // a batch goes although there are items at home in it
  kKeepLeases,          // a session that does not come back is never ended
  kKeepUnheard,         // leases of which a client never heard stay with it after a restart
  kPromiseTooMuch,      // a put does not raise its batch to the level of its queue
};
inline SeededBug seeded_bug = SeededBug::kNone;

}  // namespace sluice

#define SLUICE_SEEDED_BUG(name) (::sluice::seeded_bug == ::sluice::SeededBug::name)

#else

#define SLUICE_SEEDED_BUG(name) false

#endif
