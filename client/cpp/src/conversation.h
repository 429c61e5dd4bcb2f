// The client's half of a session, without a network: what is to be sent, what is awaited, and what a broken stream or
// a lost session means for it.
//
// Operations are numbered; so, by counting, are answers. After a reconnect each side sends again exactly what the other
// has not seen. When the server was restarted, it is told which leases are held, and everything unanswered is sent
// again. When the session itself is lost, what waits (get, put, join, looking) is begun anew in the next one with the
// rest of its timeout, and what speaks of leases is answered with LEASE_LOST.
//
// Every put gets a sequence of this client and keeps it, wherever it is sent again: the server makes it once.
//
// Thread safety: none (the caller's mutex).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "client/cpp/src/held_leases.h"
#include "client/cpp/src/lease_table.h"
#include "client/cpp/src/link.h"
#include "client/cpp/src/remote_operation.h"
#include "common/answer.h"
#include "proto/session_codec.h"
#include "sluice/v1/queue.pb.h"

namespace sluice::detail {

class Conversation {
 public:
  struct Options {
    std::string address;
    std::string client_name;
    std::string producer;  // of the puts
    std::chrono::milliseconds lease;
    std::chrono::milliseconds connect_timeout;
    bool retry_forever;
  };

  // What a step brought about, for the caller to run under no lock.
  struct Effects {
    struct Finished {
      Receiver receiver;
      Answer answer;
      Epoch epoch;
    };
    std::vector<Finished> finished;
    std::vector<std::stop_source> lost;  // leases
    bool session_lost = false;           // the stream is of no use any more

    // How many threads wait for what is finished.
    std::size_t waiting() const;
    void Run();
    // Gives the answers that any thread may give.
    void FinishUndemanding();
    // Moves what is still to be run.
    void MoveTo(Effects* other);
  };

  // A message to write; made under the lock, encoded outside it.
  struct Message {
    std::uint64_t answers_seen = 0;
    std::vector<wire::OperationOut> operations = {};
    std::vector<RemoteOperationPtr> held = {};  // what the operations point into
    std::optional<v1::Holding> holding = {};

    wire::RequestOut out() const {
      return {.operations = operations, .answers_seen = answers_seen, .holding = holding ? &*holding : nullptr};
    }
  };

  Conversation(Options options, std::shared_ptr<LeaseTable> leases);

  // ---- operations ----
  void Add(RemoteOperationPtr operation, SteadyTime now);
  // The caller wants it to end. It is answered soon, with what it got by then or with CANCELLED. True: the server is to
  // be told.
  bool Cancel(const RemoteOperationPtr& operation, SteadyTime now, Effects& effects);
  // Answers everything with CANCELLED; leases are lost.
  void Close(Effects& effects);
  // True while more is unsent than shall be held.
  bool window_full() const;
  std::size_t unsent() const { return unsent_count_; }
  // True while answers are to come that need a thread of their own.
  bool unattended() const { return unattended_ > 0; }

  // ---- the stream ----
  v1::SessionRequest Hello() const;
  void OnWelcome(const v1::Welcome& welcome, SteadyTime now, Effects& effects);
  // False: there is nothing to say. Requires: connected.
  bool NextMessage(SteadyTime now, Message* message);
  // A message without operations: the server answers it with one without answers.
  Message SignOfLife();
  void OnAnswers(std::span<std::pair<std::uint64_t, Answer>> answers, SteadyTime now, Effects& effects);
  // `why`: for the text of UNAVAILABLE. `heard`: when the last message came.
  void OnBroken(std::string why, SteadyTime heard, SteadyTime now, Effects& effects);
  // The server has certainly ended the session, or says so.
  void LoseSession(Effects& effects);

  bool Holds(Epoch epoch) const { return epoch == kAnyEpoch || epoch == leases_->epoch(); }
  bool connected() const { return connected_; }
  bool has_session() const { return session_ != 0; }
  std::chrono::milliseconds lease() const { return lease_; }
  std::chrono::milliseconds grace() const { return grace_; }
  void set_trouble(std::string trouble) { trouble_ = std::move(trouble); }
  Answer UnavailableAnswer() const;

  // ---- time ----
  void Expire(SteadyTime now, Effects& effects);
  std::optional<SteadyTime> NextDeadline(SteadyTime now) const;

 private:
  struct Entry {
    RemoteOperationPtr operation;  // null: a Cancel
    std::uint64_t cancels = 0;
  };

  static std::optional<std::chrono::milliseconds> TimeLeft(RemoteOperation& operation, SteadyTime now);
  bool Sent(const RemoteOperation& operation) const { return operation.id <= sent_; }
  static bool MayBeMade(const RemoteOperation& operation);
  void SetSequence(RemoteOperation& operation);
  void AddCancel(RemoteOperation& operation);
  void Forget(RemoteOperation& operation);
  void Finish(RemoteOperation& operation, Answer answer, Effects& effects);
  void Abandon(const RemoteOperationPtr& operation, Answer answer, Effects& effects);
  void SendAgain(const RemoteOperationPtr& operation, SteadyTime now);
  void GiveUpForgotten(SteadyTime now, Effects& effects);
  void GiveBack(const RemoteOperation& operation, const Answer& answer, SteadyTime now);
  void NoteLeases(const RemoteOperation& operation, const Answer& answer);
  void OnAnswer(std::uint64_t id, Answer&& answer, SteadyTime now, Effects& effects);
  void SetGiveUp(const RemoteOperationPtr& operation, std::optional<SteadyTime> time);
  std::optional<SteadyTime> GiveUpTime(const RemoteOperation& operation, SteadyTime now) const;
  // What becomes of it then.
  Answer GivenUp(const RemoteOperation& operation) const;
  std::uint64_t AnswersToConfirm() const;
  void CountUnsent();
  std::vector<RemoteOperationPtr> Operations() const;

  const Options options_;
  const std::shared_ptr<LeaseTable> leases_;

  std::uint64_t session_ = 0;  // 0: none yet, or lost
  std::string token_;
  std::chrono::milliseconds lease_;
  std::chrono::milliseconds grace_{0};
  bool connected_ = false;
  std::string trouble_ = "not connected yet";
  SteadyTime quiet_until_{};  // the server said UNAVAILABLE: nothing is asked until then
  SteadyTime heard_{};        // when the last stream brought its last message
  bool say_holding_ = false;  // to a server that was restarted, before anything else

  std::map<std::uint64_t, Entry> pending_;  // unanswered, by number; above sent_: unsent
  std::uint64_t next_id_ = 1;
  std::uint64_t next_sequence_ = 1;  // of a put; goes on from session to session
  std::uint64_t sent_ = 0;
  std::size_t unsent_bytes_ = 0;
  std::size_t unsent_count_ = 0;
  std::size_t unattended_ = 0;  // operations in pending_ that no thread waits for
  std::set<std::pair<SteadyTime, std::uint64_t>> give_ups_;

  std::uint64_t received_ = 0;   // answers of this session
  std::uint64_t confirmed_ = 0;  // told to the server
  bool confirm_now_ = false;
  // Plain pops that came when nobody waited any more: not confirmed before their release (the key) is answered.
  std::map<std::uint64_t, std::uint64_t> held_back_;
  HeldLeases held_;  // of this session
};

}  // namespace sluice::detail
