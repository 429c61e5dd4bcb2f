#include "server/broker/broker.h"

#include <utility>

#include "server/broker/sessions.h"
#include "server/broker/spaces.h"

namespace sluice::broker {

class Broker::Impl {
 public:
  Impl(const BrokerOptions& options, const Clock& clock, const Storage& storage, std::function<void()> wake)
      : spaces(std::make_shared<Spaces>(options, clock, storage, std::move(wake))),
        sessions(std::make_shared<Sessions>(spaces)) {}

  // Shared, because a stream may hold its session longer than the broker lives.
  const std::shared_ptr<Spaces> spaces;
  const std::shared_ptr<Sessions> sessions;
};

Broker::Broker(BrokerOptions options, const Clock& clock, Storage storage, std::function<void()> wake)
    : impl_(std::make_unique<Impl>(options, clock, storage, std::move(wake))) {}

Broker::~Broker() {
  Drain();
  const Answer stopping = Spaces::Stopping();
  impl_->sessions->EndAll(stopping.reason, stopping.message);
  impl_->spaces->WaitUntilWritten();
}

journal::Result Broker::Recover(const std::function<void(const RecoveredSpace&)>& progress, std::string* error) {
  const journal::Result result = impl_->spaces->Recover(
      progress,
      [this](queue::LoggedSession&& session, const std::shared_ptr<Space>& space) {
        impl_->sessions->Restore(std::move(session), space);
      },
      error);
  if (result == journal::Result::kOk) impl_->sessions->StartRestored();  // only now: namespaces may have taken long
  return result;
}

OperationRef Broker::Submit(SessionId session, std::string_view space, Command command, Completion completion) {
  CompletionScope scope;
  OperationId id;
  if (session) {
    if (const auto of = impl_->sessions->Find(session)) {
      id = of->Run(space, std::move(command), std::move(completion));
    } else {
      CompletionScope::Add(std::move(completion), Answer::Refused(Reason::kSessionLost, "the session has ended"));
    }
  } else if (const auto* get = std::get_if<Get>(&command); get != nullptr && get->prefetch != Prefetch::kNone) {
    CompletionScope::Add(std::move(completion),
                         Answer::Refused(Reason::kInvalidArgument,
                                         "prefetch is for sessions, which can be asked to give items back: leave it "
                                         "out, or get in a session"));
  } else {
    Answer refusal;
    if (const auto reached = impl_->spaces->Route(space, command, &refusal)) {
      id = reached->Submit(session, std::move(command), std::move(completion));
    } else {
      CompletionScope::Add(std::move(completion), std::move(refusal));
    }
  }
  return id ? OperationRef{std::string(space), id} : OperationRef{};
}

void Broker::Cancel(const OperationRef& operation) {
  if (!operation.id) return;
  if (const auto space = impl_->spaces->Find(operation.space)) space->Cancel(operation.id);
}

void Broker::Delivered(std::string_view space, std::span<const Delivery> deliveries) {
  if (const auto found = impl_->spaces->Find(space)) found->Delivered(deliveries);
}

void Broker::Undelivered(std::string_view space, std::span<const Delivery> deliveries) {
  if (const auto found = impl_->spaces->Find(space)) found->Undelivered(deliveries);
}

std::shared_ptr<Session> Broker::OpenSession(std::string client_name, std::chrono::milliseconds lease,
                                             Answer* refusal) {
  return impl_->sessions->Open(std::move(client_name), lease, refusal);
}

std::shared_ptr<Session> Broker::FindSession(SessionId id, std::string_view token) {
  return impl_->sessions->Find(id, token);
}

std::optional<TimePoint> Broker::RunDue() { return impl_->spaces->schedule().RunDue(); }

void Broker::Drain() {
  impl_->sessions->Stop();
  impl_->spaces->Stop();
  impl_->spaces->WaitUntilWritten();
}

BrokerStatus Broker::Status() const {
  const Spaces& spaces = *impl_->spaces;
  BrokerStatus status;
  status.namespaces = spaces.size();
  status.queues = spaces.queues();
  status.waiters = spaces.waiters();
  status.sessions = impl_->sessions->size();
  status.memory_used = impl_->spaces->budget().used();
  status.memory_limit = impl_->spaces->budget().limit();
  status.draining = spaces.stopped();
  if (const journal::Journal* journal = spaces.journal()) status.storage = {journal->health(), journal->activity()};
  return status;
}

}  // namespace sluice::broker
