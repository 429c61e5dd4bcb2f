// Preloaded into servers: each sync takes SLUICE_BENCH_SYNC_US microseconds longer. What that stands for is a disk that
// is slower than the one of this machine.
#include <dlfcn.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

namespace {

void Wait() {
  static const long us = [] {
    const char* const text = std::getenv("SLUICE_BENCH_SYNC_US");
    return text != nullptr ? std::atol(text) : 0;
  }();
  const timespec time{us / 1'000'000, us % 1'000'000 * 1'000};
  nanosleep(&time, nullptr);
}

using Sync = int (*)(int);
Sync Next(const char* name) { return reinterpret_cast<Sync>(dlsym(RTLD_NEXT, name)); }

}  // namespace

extern "C" {

int fdatasync(int descriptor) {
  static const Sync next = Next("fdatasync");
  Wait();
  return next(descriptor);
}

int fsync(int descriptor) {
  static const Sync next = Next("fsync");
  Wait();
  return next(descriptor);
}
}
