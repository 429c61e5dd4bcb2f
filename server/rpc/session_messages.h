// What the messages of a session stream say to the broker, and the broker to them. Knows no transport.
//
// Thread safety: all may be called from any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/answer.h"
#include "proto/session_codec.h"
#include "server/broker/broker.h"
#include "server/broker/session.h"

namespace sluice::rpc {

inline constexpr char kHelloFirst[] = "hello is the first message of a session stream, and only that";

// What is wrong with a first message; empty: nothing.
std::string HelloProblem(const wire::RequestIn& request);

// The session that `hello` begins, or resumes. Null: `refusal` says why.
std::shared_ptr<broker::Session> OpenOrResume(broker::Broker& broker, const v1::Hello& hello, Answer* refusal);

// The answer to `hello`, all but the server's version.
v1::Welcome WelcomeTo(const v1::Hello& hello, const broker::Session& session,
                      const broker::Session::Attached& attached);

// nullopt: `problem` says what is no queue.
std::optional<std::vector<broker::HeldLeases>> ReadHolding(const v1::Holding& holding, std::string* problem);

// Moves the operations of a message to the end of `operations`. A put with a sequence and no producer gets `producer`,
// and is refused if that is empty. False: an operation makes no sense; those before it are there.
bool TakeOperations(wire::RequestIn& request, const std::string& producer,
                    std::vector<broker::SubmittedOperation>* operations);

}  // namespace sluice::rpc
