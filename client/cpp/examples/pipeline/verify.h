// Is every thumbnail there, exactly once, and right?
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace pipeline {

struct Verdict {
  std::size_t right = 0;                // thumbnails that decode, have their size, and show what the picture shows
  std::vector<std::string> unreadable;  // "NAME: why": pictures that cannot be read and rightly have no thumbnail
  std::vector<std::string> problems;    // "NAME: what is wrong"
};

// Holds the thumbnails of `names` against the pictures in `originals`, by means of its own: averages over a grid, not
// the resizing that made them. Any other file in `thumbnails` is a problem, but for those in `there_before`.
// Calls `progress` with how many are checked, now and then, from any thread; what it throws passes.
Verdict Verify(const std::filesystem::path& originals, const std::vector<std::string>& names,
               const std::filesystem::path& thumbnails, const std::set<std::string>& there_before,
               const std::function<void(std::size_t)>& progress);

}  // namespace pipeline
