// A burst: how long it takes until everybody who waits has an item.
#pragma once

#include "client/cli/bench_run.h"

namespace sluice::cli {

// As many getters as items, each in a thread of its own, all waiting before the first put. Throws the first exception
// of any thread.
BenchResult RunBurst(BenchRun& run, const BenchRun::TextQueue& put_queue, const BenchRun::TextQueue& get_queue);

}  // namespace sluice::cli
