#include "server/rpc/reflection.h"

#include <set>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>

#include "server/rpc/event.h"

namespace sluice::rpc {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1alpha::ServerReflectionRequest;
using grpc::reflection::v1alpha::ServerReflectionResponse;

constexpr const char* kServices[] = {"sluice.v1.QueueService", "sluice.v1.AdminService", "grpc.health.v1.Health",
                                     "grpc.reflection.v1alpha.ServerReflection"};

void Refuse(grpc::StatusCode code, const std::string& message, ServerReflectionResponse* response) {
  response->mutable_error_response()->set_error_code(code);
  response->mutable_error_response()->set_error_message(message);
}

// The file, then what it imports, each once.
void AddFile(const FileDescriptor& file, std::set<const FileDescriptor*>* added, ServerReflectionResponse* response) {
  if (!added->insert(&file).second) return;
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  response->mutable_file_descriptor_response()->add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), added, response);
}

// Null: there is none.
void AddFile(const FileDescriptor* file, const std::string& what, ServerReflectionResponse* response) {
  std::set<const FileDescriptor*> added;
  if (file == nullptr) return Refuse(grpc::StatusCode::NOT_FOUND, "no " + what, response);
  AddFile(*file, &added, response);
}

void AddExtensions(const std::string& type, ServerReflectionResponse* response) {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  const auto* message = pool.FindMessageTypeByName(type);
  if (message == nullptr) return Refuse(grpc::StatusCode::NOT_FOUND, "no message " + type, response);
  std::vector<const google::protobuf::FieldDescriptor*> extensions;
  pool.FindAllExtensions(message, &extensions);
  auto* numbers = response->mutable_all_extension_numbers_response();
  numbers->set_base_type_name(type);
  for (const auto* extension : extensions) numbers->add_extension_number(extension->number());
}

// One stream: reads a request, writes its answer, and so on. One event is owed at a time. Owns: itself, until then.
class ReflectionStream {
 public:
  static void Listen(const Wiring& wiring, ReflectionService* service) {
    auto* stream = new ReflectionStream(wiring, service);
    service->RequestServerReflectionInfo(&stream->context_, &stream->stream_, &wiring.queue, &wiring.queue,
                                         &stream->accepted_);
  }

 private:
  ReflectionStream(const Wiring& wiring, ReflectionService* service)
      : wiring_(wiring), object_(wiring.calls.objects().Take()), service_(service) {}

  void OnAccepted(bool ok) {
    if (!ok) return OnFinished(false);
    Listen(wiring_, service_);
    stream_.Read(&request_, &read_);
  }
  void OnRead(bool ok) {
    if (!ok) return stream_.Finish(grpc::Status::OK, &finished_);
    stream_.Write(Reflect(request_), &written_);
  }
  void OnWritten(bool ok) {
    if (!ok) return stream_.Finish(grpc::Status::OK, &finished_);
    stream_.Read(&request_, &read_);
  }
  void OnFinished(bool /*ok*/) { delete this; }

  Wiring wiring_;
  Tickets::Ticket object_;  // before the context, so that it goes after it
  ReflectionService* const service_;
  grpc::ServerContext context_;
  ServerReflectionRequest request_;
  grpc::ServerAsyncReaderWriter<ServerReflectionResponse, ServerReflectionRequest> stream_{&context_};
  EventOf<ReflectionStream> accepted_{this, &ReflectionStream::OnAccepted};
  EventOf<ReflectionStream> read_{this, &ReflectionStream::OnRead};
  EventOf<ReflectionStream> written_{this, &ReflectionStream::OnWritten};
  EventOf<ReflectionStream> finished_{this, &ReflectionStream::OnFinished};
};

}  // namespace

void ListenToReflection(const Wiring& wiring, ReflectionService* service) { ReflectionStream::Listen(wiring, service); }

ServerReflectionResponse Reflect(const ServerReflectionRequest& request) {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  ServerReflectionResponse response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kListServices:
      for (const char* name : kServices) response.mutable_list_services_response()->add_service()->set_name(name);
      break;
    case ServerReflectionRequest::kFileByFilename:
      AddFile(pool.FindFileByName(request.file_by_filename()), "file " + request.file_by_filename(), &response);
      break;
    case ServerReflectionRequest::kFileContainingSymbol:
      AddFile(pool.FindFileContainingSymbol(request.file_containing_symbol()),
              "symbol " + request.file_containing_symbol(), &response);
      break;
    case ServerReflectionRequest::kFileContainingExtension: {
      const auto& wanted = request.file_containing_extension();
      const auto* type = pool.FindMessageTypeByName(wanted.containing_type());
      const auto* extension = type ? pool.FindExtensionByNumber(type, wanted.extension_number()) : nullptr;
      AddFile(extension ? extension->file() : nullptr,
              "extension " + std::to_string(wanted.extension_number()) + " of " + wanted.containing_type(), &response);
      break;
    }
    case ServerReflectionRequest::kAllExtensionNumbersOfType:
      AddExtensions(request.all_extension_numbers_of_type(), &response);
      break;
    case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      Refuse(grpc::StatusCode::INVALID_ARGUMENT, "the request asks nothing that this server knows", &response);
  }
  return response;
}

}  // namespace sluice::rpc
