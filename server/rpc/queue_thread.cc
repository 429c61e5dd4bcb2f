#include "server/rpc/queue_thread.h"

#include <vector>

#include "server/rpc/event.h"

namespace sluice::rpc {
namespace {

using Backlog = std::vector<Deferred*>;

thread_local Backlog* deferred = nullptr;  // of this thread, if it serves a queue

// What runs may defer again.
void RunAll(Backlog& backlog) {
  for (std::size_t i = 0; i < backlog.size(); ++i) {
    backlog[i]->RunDeferred();
  }
  backlog.clear();
}

}  // namespace

void QueueThread::Start() {
  thread_ = std::thread([this] { Run(); });
}

void QueueThread::Stop() {
  if (!queue_) return;
  queue_->Shutdown();
  if (thread_.joinable()) {
    thread_.join();
  } else {
    Run();  // never started: a queue must be empty before it is destroyed
  }
  queue_.reset();
}

void QueueThread::AfterEvent(Deferred* work) {
  if (deferred != nullptr) {
    deferred->push_back(work);
  } else {
    work->RunDeferred();
  }
}

void QueueThread::Run() {
  Backlog backlog;
  deferred = &backlog;
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) {
    static_cast<Event*>(tag)->OnEvent(ok);
    RunAll(backlog);
  }
  deferred = nullptr;
}

}  // namespace sluice::rpc
