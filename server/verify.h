// `sluiced --verify DIR`: is a data directory what a server wrote? Changes nothing in it.
#pragma once

#include <iosfwd>
#include <string>

namespace sluice::server {

// Reads every batch and the content of every item, as a server would at its start and later. Writes to `out` what is in
// each namespace, and each damage: where it is, and at the end what to do. True: all of it is sound. False: it is not,
// or it cannot be read. Blocks: for the disk; while it reads, no server can use the directory.
bool Verify(const std::string& directory, std::ostream& out);

}  // namespace sluice::server
