// The work: what one worker process of a stage does.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>

#include <sluice/client.h>

#include "client/cpp/examples/pipeline/picture.h"

namespace pipeline {

inline constexpr std::array<const char*, 3> kStages = {"read", "resize", "write"};
inline constexpr std::int64_t kMaxsize = 100;        // pictures that wait before a stage
inline constexpr std::int32_t kMaxAttempts = 3;      // then a picture that fails is dead
inline constexpr std::int64_t kMaxBytes = 64 << 20;  // bytes that wait before a stage: pictures may be large

// What the orchestrator and all workers of a run share.
struct Run {
  std::string address;  // of the server; empty: $SLUICE_ADDRESS
  std::string id;       // prefix of the queues' names
  std::filesystem::path pictures;
  std::filesystem::path thumbnails;

  std::string queue(const std::string& stage) const { return id + "." + stage; }
  sluice::Client Connect(const std::string& name) const;
};

// Takes pictures from the queue of `stage` until that is shut down and finished. A picture that fails is reported on
// stderr. `freeze_at` n > 0: the process stops itself (SIGSTOP) while it holds its nth picture, to be killed there.
// Throws when the server cannot be reached or the queues are not there.
void Work(const Run& run, const std::string& stage, std::size_t freeze_at);

}  // namespace pipeline
