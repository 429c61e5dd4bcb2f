#include "tests/sim/sim_server.h"

#include <algorithm>
#include <utility>

#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "proto/session_codec.h"
#include "server/rpc/session_messages.h"

namespace sluice::sim {

using namespace std::chrono_literals;

// ---- a stream, as server/rpc keeps it --------------------------------------------------------------

class SimServer::Stream final : public broker::SessionSink, public std::enable_shared_from_this<Stream> {
 public:
  Stream(SimServer& server, std::shared_ptr<Connection> connection)
      : server_(server), connection_(std::move(connection)) {}

  void Open() {
    connection_->Attach(Connection::kServer,
                        {[self = shared_from_this()](const std::string& bytes) { self->OnMessage(bytes); },
                         [self = shared_from_this()](Reason) { self->OnBroken(); }});
  }

  void Wake() override {
    if (over_ || std::exchange(writes_, true)) return;
    server_.agenda_.After(Duration(server_.dice_.Below(100)), [self = shared_from_this()] { self->WriteAll(); });
  }
  void Gone(Reason reason, const std::string&) override {
    if (over_) return;
    if (reason == Reason::kUnavailable) WriteAll();
    Close(reason);
  }

  // The server is gone: nothing more comes from here.
  void Die() {
    over_ = true;
    connection_->LetGo(Connection::kServer);
  }
  bool over() const { return over_; }
  Connection& connection() { return *connection_; }

  void WriteAll() {
    writes_ = false;
    while (!over_ && session_) {
      std::vector<broker::SessionRecall> recalls;
      const auto ready = session_->TakeAnswers(this, 1 + server_.dice_.Below(20), 4'000, &recalls);
      if (ready.empty() && recalls.empty()) return;
      std::vector<wire::AnswerOut> answers;
      for (const auto& each : ready) answers.push_back({each.operation, each.answer.get()});
      Write({.answers = answers});
    }
  }

 private:
  void Write(const wire::ResponseOut& response) {
    wire::ResponseWriter writer;
    std::string bytes(writer.Measure(response), '\0');
    writer.Write(bytes.data());
    connection_->Send(Connection::kServer, std::move(bytes));
  }
  void Close(Reason reason) {
    over_ = true;
    connection_->Close(Connection::kServer, reason);
  }
  void OnBroken() {
    over_ = true;
    if (session_) session_->Detach(this);
  }

  void OnMessage(const std::string& bytes) {
    if (over_) return;
    google::protobuf::io::ArrayInputStream in(bytes.data(), static_cast<int>(bytes.size()));
    wire::RequestIn request;
    if (!wire::ReadRequest(&in, &request)) return Close(Reason::kInvalidArgument);
    if (!session_ && !Greet(request)) return;
    session_->Touch();
    if (request.answers_seen != 0 && !session_->Confirm(request.answers_seen)) return Close(Reason::kInvalidArgument);
    if (request.holding) {
      std::string problem;
      auto held = rpc::ReadHolding(*request.holding, &problem);
      if (!held) return Close(Reason::kInvalidArgument);
      session_->Holding(*std::move(held));
    }
    std::vector<broker::SubmittedOperation> operations;
    const bool sensible = rpc::TakeOperations(request, producer_, &operations);
    if (!operations.empty()) session_->SubmitAll(std::move(operations));
    if (!sensible) return Close(Reason::kInvalidArgument);
    if (request.goodbye) {
      const auto session = session_;
      WriteAll();
      Close(Reason::kOk);
      session->End();
    } else if (request.operations.empty() && !request.hello) {
      Write({.answers = {}});
    }
  }

  bool Greet(const wire::RequestIn& request) {
    if (!rpc::HelloProblem(request).empty()) {
      Close(Reason::kInvalidArgument);
      return false;
    }
    Answer refusal;
    session_ = rpc::OpenOrResume(*server_.broker_, *request.hello, &refusal);
    broker::Session::Attached attached;
    if (session_) attached = session_->Attach(shared_from_this(), request.answers_seen);
    if (!attached.ok) {
      Close(session_ ? Reason::kSessionLost : refusal.reason);
      session_ = nullptr;
      return false;
    }
    producer_ = request.hello->producer();
    const v1::Welcome welcome = rpc::WelcomeTo(*request.hello, *session_, attached);
    Write({.welcome = &welcome, .answers = {}});
    return true;
  }

  SimServer& server_;
  const std::shared_ptr<Connection> connection_;
  std::shared_ptr<broker::Session> session_;
  std::string producer_;
  bool writes_ = false;
  bool over_ = false;
};

// ---- the server ------------------------------------------------------------------------------------

SimServer::SimServer(Agenda& agenda, Dice& dice, Trace& trace, broker::BrokerOptions options)
    : agenda_(agenda), dice_(dice), trace_(trace), options_(options) {}

SimServer::~SimServer() {
  if (up()) Down(End::kKill);
}

bool SimServer::Start(std::string* problem) {
  ++life_;
  trace_.Add(agenda_.Now(), "server starts, life " + std::to_string(life_));
  in_trouble_ = ending_ = committing_ = false;
  broker::Storage storage;
  storage.journal = journal_.get();
  storage.run_blocking = [this](std::function<void()> task) { RunBlocking(std::move(task)); };
  storage.report = [this](const std::string& trouble) {
    trace_.Add(agenda_.Now(), "trouble: " + trouble);
    in_trouble_ = true;
  };
  broker_ = std::make_unique<broker::Broker>(options_, agenda_.clock(), storage, [this, life = life_] {
    agenda_.After(0us, [this, life] {
      if (up() && life == life_) RunTimers();
    });
  });
  journal_->Hold(true);
  if (broker_->Recover([](const broker::RecoveredSpace&) {}, problem) != journal::Result::kOk) return false;
  RunTimers();
  return true;
}

void SimServer::Down(End how) {
  static constexpr const char* kNames[] = {"is killed", "loses its power", "stops"};
  trace_.Add(agenda_.Now(), std::string("server ") + kNames[static_cast<int>(how)]);
  std::unique_ptr<journal::MemoryJournal> crashed;
  if (how != End::kStop) {
    for (const auto& stream : streams_) stream->Die();
    const std::size_t unsynced = journal_->unsynced();
    crashed = journal_->Crash(how == End::kKill ? unsynced : dice_.Below(unsynced + 1));
  }
  ending_ = true;  // from here on the old journal hears what the old broker still says
  while (!tasks_.empty()) {
    const auto tasks = std::exchange(tasks_, {});
    for (const auto& task : tasks) (*task)();
  }
  journal_->Hold(false);
  broker_->Drain();
  const auto streams = std::exchange(streams_, {});
  for (const auto& stream : streams) stream->Gone(Reason::kUnavailable, "");
  broker_.reset();
  if (!crashed) crashed = journal_->Crash(journal_->unsynced());
  journal_ = std::move(crashed);
  for (const auto& stream : streams) {
    if (how == End::kStop) continue;
    // What was sent before may still arrive.
    if (dice_.OneIn(2)) {
      stream->connection().Close(Connection::kServer, Reason::kUnavailable);
    } else {
      stream->connection().Cut(Duration(dice_.Below(3'000)), 0us);
    }
  }
}

void SimServer::Accept(const std::shared_ptr<Connection>& connection) {
  connection->life = life_;
  std::erase_if(streams_, [](const auto& each) { return each->over(); });
  streams_.push_back(std::make_shared<Stream>(*this, connection));
  streams_.back()->Open();
}

void SimServer::Submit(const std::string& space, Command command, broker::Completion completion) {
  broker_->Submit({}, space, std::move(command), std::move(completion));
}

void SimServer::Settle() {
  if (!up() || committing_ || journal_->held() == 0) return;
  committing_ = true;
  agenda_.After(Duration(1 + dice_.Below(static_cast<std::size_t>(commit_time_.count()))), [this, life = life_] {
    if (up() && life == life_) Commit();
  });
}

void SimServer::Commit() {
  committing_ = false;
  const std::size_t group = dice_.OneIn(3) ? journal_->held() : 1;
  for (std::size_t i = 0; i < group; ++i) journal_->Commit();
}

void SimServer::RunBlocking(std::function<void()> task) {
  if (ending_) return task();
  const auto shared = std::make_shared<std::function<void()>>(std::move(task));
  tasks_.push_back(shared);
  // Not kept alive by the agenda: it belongs to this life of the server.
  agenda_.After(Duration(1 + dice_.Below(2'000)), [this, weak = std::weak_ptr(shared)] {
    const auto task_now = weak.lock();
    if (!task_now) return;
    std::erase(tasks_, task_now);
    (*task_now)();
  });
}

void SimServer::RunTimers() {
  const auto next = broker_->RunDue();
  if (!next) return;
  agenda_.At(std::max(*next, agenda_.Now() + 1us), [this, life = life_, timer = ++timer_] {
    if (up() && life == life_ && timer == timer_) RunTimers();
  });
}

}  // namespace sluice::sim
