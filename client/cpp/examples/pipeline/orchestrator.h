// The whole run: pictures in, thumbnails out, three stages of worker processes between.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace pipeline {

struct Options {
  std::string address;               // empty: $SLUICE_ADDRESS, or 127.0.0.1:7171
  std::filesystem::path pictures;    // empty: makes `samples` pictures
  std::filesystem::path thumbnails;  // empty: beside `pictures`, or with the samples' in a temporary folder
  std::size_t samples = 1000;
  std::size_t readers = 2;
  std::size_t resizers = 2;
  std::size_t writers = 1;
};

// Prints progress and a summary. Returns the exit status: 0 when every picture has its thumbnail, exactly once and
// right; 1 when not; 130 when interrupted. Throws when the run cannot go on.
int RunPipeline(const Options& options);

}  // namespace pipeline
