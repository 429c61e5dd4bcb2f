#include "server/broker/sessions.h"

#include <algorithm>
#include <random>
#include <utility>

#include "common/limits.h"

namespace sluice::broker {
namespace {

constexpr std::size_t kTokenBytes = 16;  // as many as nobody guesses

std::string NewToken() {
  std::random_device random;
  std::string token;
  while (token.size() < kTokenBytes) {
    const auto word = random();
    token.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  return token;
}

// Takes the same time for every wrong token, so that the time tells nothing about the right one.
bool SameToken(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  unsigned difference = 0;
  for (std::size_t at = 0; at < left.size(); ++at) difference |= static_cast<unsigned>(left[at] ^ right[at]);
  return difference == 0;
}

}  // namespace

std::shared_ptr<Session> Sessions::Open(std::string client_name, std::chrono::milliseconds lease, Answer* refusal) {
  if (lease.count() == 0) lease = limits::kDefaultLease;
  lease = std::clamp(lease, std::chrono::milliseconds(limits::kMinLease), limits::kMaxLease);
  std::string token = NewToken();
  Entry entry;
  {
    MutexLock lock(mutex_);
    if (stopped_) {
      *refusal = Spaces::Stopping();
      return nullptr;
    }
    if (sessions_.size() >= spaces_->options().max_sessions) {
      *refusal = Answer::Refused(Reason::kLimitReached,
                                 "this server has as many sessions as it may have: try again later, share a client "
                                 "between threads, or raise max_sessions");
      return nullptr;
    }
    const SessionId id{++last_id_};
    entry.impl =
        std::make_shared<Session::Impl>(id, std::move(token), std::move(client_name), lease, shared_from_this());
    entry.session = std::make_shared<Session>(entry.impl);
    sessions_.emplace(id, entry);
  }
  entry.impl->Start();
  return entry.session;
}

void Sessions::Restore(queue::LoggedSession session, const std::shared_ptr<Space>& space) {
  std::shared_ptr<Session::Impl> restored;
  {
    MutexLock lock(mutex_);
    last_id_ = std::max(last_id_, session.id.value);
    Entry& entry = sessions_[session.id];
    if (!entry.impl) {
      entry.impl = std::make_shared<Session::Impl>(session.id, std::move(session.token), std::move(session.client_name),
                                                   session.lease, shared_from_this());
      entry.session = std::make_shared<Session>(entry.impl);
    }
    restored = entry.impl;
  }
  restored->Restore(space);
}

void Sessions::StartRestored() {
  for (const auto& session : All()) session->Start();
}

std::shared_ptr<Session> Sessions::Find(SessionId id, std::string_view token) const {
  MutexLock lock(mutex_);
  const auto found = sessions_.find(id);
  return found != sessions_.end() && SameToken(found->second.impl->token(), token) ? found->second.session : nullptr;
}

std::shared_ptr<Session::Impl> Sessions::Find(SessionId id) const {
  MutexLock lock(mutex_);
  const auto found = sessions_.find(id);
  return found != sessions_.end() ? found->second.impl : nullptr;
}

void Sessions::Remove(SessionId id) {
  MutexLock lock(mutex_);
  sessions_.erase(id);
}

void Sessions::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
}

void Sessions::EndAll(Reason reason, const std::string& message) {
  for (const auto& session : All()) session->End(reason, message);
}

std::vector<std::shared_ptr<Session::Impl>> Sessions::All() const {
  MutexLock lock(mutex_);
  std::vector<std::shared_ptr<Session::Impl>> all;
  for (const auto& [id, entry] : sessions_) all.push_back(entry.impl);
  return all;
}

std::size_t Sessions::size() const {
  MutexLock lock(mutex_);
  return sessions_.size();
}

}  // namespace sluice::broker
