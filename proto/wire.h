// Commands and answers to and from their protobuf messages: the only place that knows both.
// Server and client use the two directions; everything that comes from outside is validated here, before it is
// kept. The first problem wins; its text says what is allowed.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "common/answer.h"
#include "common/command.h"
#include "sluice/v1/admin.pb.h"
#include "sluice/v1/queue.pb.h"

namespace sluice::wire {

// A valid command and the namespace it goes to.
struct Routed {
  std::string space;
  Command command;
};
struct Invalid {
  Reason reason;  // kInvalidArgument or kTooLarge
  std::string message;
};
using Parsed = std::variant<Routed, Invalid>;

// ---- server: request -> command. Payloads move out of the message. ----
Parsed Parse(v1::PutRequest&& request);
Parsed Parse(v1::GetRequest&& request);
Parsed Parse(v1::TaskDoneRequest&& request);
Parsed Parse(v1::FailRequest&& request);
Parsed Parse(v1::ReleaseRequest&& request);
Parsed Parse(v1::ExtendRequest&& request);
Parsed Parse(v1::JoinRequest&& request);
Parsed Parse(v1::ShutdownRequest&& request);
Parsed Parse(v1::ReopenRequest&& request);
Parsed Parse(v1::StatsRequest&& request);
Parsed Parse(v1::PeekRequest&& request);
Parsed Parse(v1::CreateQueueRequest&& request);
Parsed Parse(v1::UpdateQueueRequest&& request);
Parsed Parse(v1::DeleteQueueRequest&& request);
Parsed Parse(v1::ListQueuesRequest&& request);
Parsed Parse(v1::DescribeQueueRequest&& request);
Parsed Parse(v1::PurgeQueueRequest&& request);
// Of a session. A Cancel is no command: the session acts on it, and here it is Invalid.
Parsed Parse(v1::Operation&& operation);

// ---- server: answer -> response. Requires: the answer is ok and of the response's kind. ----
void Write(const Answer& answer, v1::PutResponse* response);
void Write(const Answer& answer, v1::GetResponse* response);
void Write(const Answer& answer, v1::TaskDoneResponse* response);
void Write(const Answer& answer, v1::FailResponse* response);
void Write(const Answer& answer, v1::ReleaseResponse* response);
void Write(const Answer& answer, v1::ExtendResponse* response);
void Write(const Answer& answer, v1::JoinResponse* response);
void Write(const Answer& answer, v1::ShutdownResponse* response);
void Write(const Answer& answer, v1::ReopenResponse* response);
void Write(const Answer& answer, v1::StatsResponse* response);
void Write(const Answer& answer, v1::PeekResponse* response);
void Write(const Answer& answer, v1::CreateQueueResponse* response);
void Write(const Answer& answer, v1::UpdateQueueResponse* response);
void Write(const Answer& answer, v1::DeleteQueueResponse* response);
void Write(const Answer& answer, v1::ListQueuesResponse* response);
void Write(const Answer& answer, v1::DescribeQueueResponse* response);
void Write(const Answer& answer, v1::PurgeQueueResponse* response);
// Of a session: a result or an error.
void Write(const Answer& answer, v1::Answer* response);

// ---- client: command -> operation, answer <- answer ----
// Sets the call; the number is the caller's. Text that is not UTF-8 gets '?' for each bad byte; error text is cut.
void Write(const std::string& space, const Command& command, v1::Operation* operation);
// Never fails: what this client does not know (a newer server's reason, result, order) becomes INTERNAL.
// GetResult::auto_ack is not on the wire and stays false: who asked for it knows. Times come in milliseconds.
Answer Read(v1::Answer&& answer);

// ---- refusals of unary calls and ends of streams: a gRPC status and the name of its reason ----
// The key of the trailing metadata that carries ReasonName(reason).
inline constexpr std::string_view kReasonMetadataKey = "sluice-reason";
// The number of a grpc::StatusCode.
int ToStatusCode(Reason reason);
// The reason of a status that came with that metadata (empty: none). A status without it is not Sluice's own but the
// transport's, and is never EMPTY, FULL or any other answer of a queue.
Reason ToReason(int status_code, std::string_view reason_name);

}  // namespace sluice::wire
