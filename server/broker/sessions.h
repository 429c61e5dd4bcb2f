// All sessions by id.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <sluice/mutex.h>

#include "common/answer.h"
#include "common/ids.h"
#include "server/broker/session.h"
#include "server/broker/session_impl.h"
#include "server/broker/spaces.h"

namespace sluice::broker {

// Thread safety: all methods may be called from any thread. Owns: each session, until it ends.
class Sessions : public std::enable_shared_from_this<Sessions> {
 public:
  explicit Sessions(std::shared_ptr<Spaces> spaces) : spaces_(std::move(spaces)) {}

  // Null (and `*refusal` set) at the limit or when stopped.
  std::shared_ptr<Session> Open(std::string client_name, std::chrono::milliseconds lease, Answer* refusal)
      SLUICE_EXCLUDES(mutex_);
  // One that the journal knows, in the namespace `space`; called again for every other namespace in which it is known.
  void Restore(queue::LoggedSession session, const std::shared_ptr<Space>& space) SLUICE_EXCLUDES(mutex_);
  // Those that were restored wait for their clients, for the grace period from now on.
  void StartRestored() SLUICE_EXCLUDES(mutex_);
  // Null when unknown, ended, or when the token is not its own.
  std::shared_ptr<Session> Find(SessionId id, std::string_view token) const SLUICE_EXCLUDES(mutex_);
  std::shared_ptr<Session::Impl> Find(SessionId id) const SLUICE_EXCLUDES(mutex_);
  void Remove(SessionId id) SLUICE_EXCLUDES(mutex_);

  // No new ones from now on.
  void Stop() SLUICE_EXCLUDES(mutex_);
  // Requires: stopped.
  void EndAll(Reason reason, const std::string& message) SLUICE_EXCLUDES(mutex_);
  std::size_t size() const SLUICE_EXCLUDES(mutex_);

  Spaces& spaces() { return *spaces_; }

 private:
  struct Entry {
    std::shared_ptr<Session> session;
    std::shared_ptr<Session::Impl> impl;
  };

  std::vector<std::shared_ptr<Session::Impl>> All() const SLUICE_EXCLUDES(mutex_);

  const std::shared_ptr<Spaces> spaces_;
  mutable Mutex mutex_;
  std::unordered_map<SessionId, Entry> sessions_ SLUICE_GUARDED_BY(mutex_);
  std::uint64_t last_id_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool stopped_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::broker
