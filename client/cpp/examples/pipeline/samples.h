// Pictures to try the pipeline on.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>

namespace pipeline {

// Makes `count` pictures in `folder`: PNG and JPEG by turns, of different sizes, no two alike, the same in every run.
// Calls `progress` with how many there are, now and then, from any thread; what it throws passes.
void MakeSamples(const std::filesystem::path& folder, std::size_t count,
                 const std::function<void(std::size_t)>& progress);

}  // namespace pipeline
