// What a test has appended to a journal, what it was promised, and whether a later journal keeps it. What stands in a
// batch follows from its namespace and position, so that any batch can be told from a wrong one.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>

#include "server/journal/journal.h"

namespace sluice::journal {

// Of one namespace. Positions; 0 = none.
struct Promises {
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;  // at any level: survives the process
  std::uint64_t synced = 0;        // at fsync: survives the machine
  std::uint64_t trimmed = 0;       // asked for
};

std::string RecordsAt(const std::string& space, std::uint64_t position);
std::string ContentsAt(const std::string& space, std::uint64_t position);

// Thread safety: as int.
class History {
 public:
  // Takes `spaces` namespaces over; those that cannot be had now are tried again by Step. Requires: the journal
  // outlives this.
  History(Journal* journal, std::uint64_t seed, int spaces);

  // Sends the next batches of some namespaces, or again those that were not answered with Ok, and waits for the
  // answers; perhaps trims.
  void Step();

  const std::map<std::string, Promises>& promises() const { return promises_; }

 private:
  struct Space {
    std::uint64_t epoch = 0;
    bool is_waiting = false;  // the batch at `sent` has no Ok yet
    Durability durability = Durability::kFsync;
  };

  void TryToOwn(const std::string& name, Space* space);
  Batch BatchOf(const std::string& name, const Space& space) const;

  Journal* const journal_;
  std::mt19937_64 dice_;
  std::map<std::string, Space> spaces_;
  std::map<std::string, Promises> promises_;
};

// Reads all that `journal` has. Nothing in it is wrong or was never sent, and what was promised is there: all that was
// synced, and if `all_levels` all that was acknowledged.
void ExpectKept(Journal& journal, const std::map<std::string, Promises>& promises, bool all_levels);

}  // namespace sluice::journal
