// What a tag of a completion queue points to.
#pragma once

namespace sluice::rpc {

class Event {
 public:
  // `ok` as gRPC says it: false means that the operation did not take place.
  virtual void OnEvent(bool ok) = 0;

 protected:
  ~Event() = default;
};

// An event that is a method of the call which it belongs to.
template <typename Call>
class EventOf final : public Event {
 public:
  using Handler = void (Call::*)(bool ok);
  // Borrows: `call`, which holds this event as a member.
  EventOf(Call* call, Handler handler) : call_(call), handler_(handler) {}
  void OnEvent(bool ok) override { (call_->*handler_)(ok); }

 private:
  Call* const call_;
  const Handler handler_;
};

}  // namespace sluice::rpc
