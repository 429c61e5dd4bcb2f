#include "server/broker/session.h"

#include <utility>

#include "server/broker/session_impl.h"

namespace sluice::broker {

Session::Session(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

SessionId Session::id() const { return impl_->id(); }
const std::string& Session::token() const { return impl_->token(); }
const std::string& Session::client_name() const { return impl_->client_name(); }
std::chrono::milliseconds Session::lease() const { return impl_->lease(); }
std::chrono::milliseconds Session::grace() const { return impl_->grace(); }

Session::Attached Session::Attach(std::shared_ptr<SessionSink> sink, std::uint64_t answers_seen) {
  return impl_->Attach(std::move(sink), answers_seen);
}
void Session::Detach(const SessionSink* sink) { impl_->Detach(sink); }
void Session::End() { impl_->End(Reason::kSessionLost, "the session was ended by its client"); }

void Session::Touch() { impl_->Touch(); }
bool Session::Confirm(std::uint64_t answers_seen) { return impl_->Confirm(answers_seen); }

void Session::Holding(std::vector<HeldLeases>&& held) { impl_->Holding(std::move(held)); }

void Session::SubmitAll(std::vector<SubmittedOperation>&& operations) {
  impl_->SubmitAll(operations);
  operations.clear();
}
bool Session::Submit(std::uint64_t operation, std::string_view space, Command command) {
  return impl_->Submit({operation, RoutedCommand{std::string(space), std::move(command)}});
}
bool Session::Refuse(std::uint64_t operation, Answer answer) { return impl_->Submit({operation, std::move(answer)}); }
bool Session::Cancel(std::uint64_t operation, std::uint64_t target) {
  return impl_->Submit({operation, CancelCommand{target}});
}

std::vector<SessionAnswer> Session::TakeAnswers(const SessionSink* sink, std::size_t max_items, std::size_t max_bytes,
                                                std::vector<SessionRecall>* recalls) {
  return impl_->TakeAnswers(sink, max_items, max_bytes, recalls);
}

}  // namespace sluice::broker
