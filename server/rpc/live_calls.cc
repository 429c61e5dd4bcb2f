#include "server/rpc/live_calls.h"

#include <memory>
#include <utility>
#include <vector>

#include "server/rpc/session_stream.h"

namespace sluice::rpc {

void LiveCalls::Add(SessionStream* stream) {
  MutexLock lock(mutex_);
  streams_.insert(stream);
}

void LiveCalls::Remove(SessionStream* stream) {
  MutexLock lock(mutex_);
  streams_.erase(stream);
}

void LiveCalls::Drain() {
  draining_.store(true);
  std::vector<std::shared_ptr<SessionStream>> streams;
  {
    MutexLock lock(mutex_);
    // A stream in its destructor has no owner any more and waits for this lock to remove itself.
    for (SessionStream* stream : streams_) {
      if (auto alive = stream->weak_from_this().lock()) streams.push_back(std::move(alive));
    }
  }
  for (const auto& stream : streams) stream->Drain();
}

}  // namespace sluice::rpc
