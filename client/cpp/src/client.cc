#include <sluice/client.h>

#include <cstdlib>
#include <utility>

#include "client/cpp/src/embedded_link.h"
#include "client/cpp/src/link.h"
#include "client/cpp/src/remote_link.h"
#include "client/cpp/src/validate.h"
#include "common/limits.h"

namespace sluice {

using detail::Call;
using detail::CallFor;

namespace {

constexpr const char* kDefaultAddress = "127.0.0.1:7171";

}  // namespace

Client::Client(const std::string& address, ClientOptions options) {
  const PutWindowOptions put_window = options.put_window;
  link_ = detail::RemoteLink::Connect(address, std::move(options));
  link_->async()->puts.SetLimits(put_window);
}

Client Client::from_environment(ClientOptions options) {
  const char* address = std::getenv("SLUICE_ADDRESS");
  return Client(address != nullptr && *address != '\0' ? address : kDefaultAddress, std::move(options));
}

Client Client::embedded(EmbeddedOptions options) {
  detail::CheckPutWindow(options.put_window);
  Client client(detail::EmbeddedLink::Make(options));
  client.link_->async()->puts.SetLimits(options.put_window);
  return client;
}

bool Client::create(const std::string& queue, const QueueSettings& settings) const {
  const QueueName name = detail::CheckQueueName(queue);
  detail::CheckSettings(settings);
  return CallFor<CreateResult>(*link_, name.space, CreateQueue{name.name, settings}).created;
}

QueueSettings Client::update(const std::string& queue, const QueueUpdate& update) const {
  const QueueName name = detail::CheckQueueName(queue);
  detail::CheckUpdate(update);
  return CallFor<UpdateResult>(*link_, name.space, UpdateQueue{name.name, update}).settings;
}

std::uint64_t Client::remove(const std::string& queue) const {
  const QueueName name = detail::CheckQueueName(queue);
  return CallFor<DeleteResult>(*link_, name.space, DeleteQueue{name.name}).discarded;
}

std::vector<QueueDescription> Client::list(const std::string& space, const std::string& prefix) const {
  detail::CheckName("the namespace", space);
  detail::CheckName("the prefix", prefix);
  std::vector<QueueDescription> queues;
  for (bool more = true; more;) {
    ListQueues page{prefix, queues.empty() ? "" : queues.back().queue, limits::kListQueues};
    auto result = CallFor<ListResult>(*link_, space.empty() ? kDefaultNamespace : space, std::move(page));
    more = result.more && !result.queues.empty();
    for (QueueDescription& queue : result.queues) queues.push_back(std::move(queue));
  }
  return queues;
}

QueueDescription Client::describe(const std::string& queue) const {
  const QueueName name = detail::CheckQueueName(queue);
  return CallFor<DescribeResult>(*link_, name.space, DescribeQueue{name.name}).queue;
}

std::vector<QueueCounts> Client::join(const std::vector<std::string>& queues, const JoinOptions& options) const {
  detail::CheckTimeout(options.timeout);
  if (queues.empty() || queues.size() > limits::kJoinQueues) {
    throw InvalidArgument("join of " + std::to_string(queues.size()) + " queues: name 1 to " +
                          std::to_string(limits::kJoinQueues));
  }
  const std::string space = detail::CheckQueueName(queues.front()).space;
  Join join{{}, options.timeout, options.only_put_before};
  for (const std::string& queue : queues) {
    QueueName name = detail::CheckQueueName(queue);
    if (name.space != space) {
      throw InvalidArgument("join of queues in namespaces '" + space + "' and '" + name.space +
                            "': name queues of one namespace");
    }
    join.queues.push_back(std::move(name.name));
  }
  return CallFor<JoinResult>(*link_, space, std::move(join), options.stop).queues;
}

void Client::close() const { link_->Close(); }

}  // namespace sluice
