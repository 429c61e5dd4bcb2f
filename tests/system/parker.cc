// Parks unary gets without a thread for each: what any gRPC client in any language may do.
//
//   parker ADDRESS QUEUE COUNT
//
// Prints "got ID" for each item, one line each; ends when its standard input does. Items are not finished.
#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "sluice/v1/queue.grpc.pb.h"

namespace {

struct Call {
  grpc::ClientContext context;
  sluice::v1::GetResponse response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<sluice::v1::GetResponse>> reader;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return EXIT_FAILURE;
  const auto stub =
      sluice::v1::QueueService::NewStub(grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials()));
  sluice::v1::GetRequest request;
  request.set_queue(argv[2]);
  grpc::CompletionQueue completions;
  std::vector<std::unique_ptr<Call>> calls(std::strtoul(argv[3], nullptr, 10));
  for (auto& call : calls) {
    call = std::make_unique<Call>();
    call->reader = stub->AsyncGet(&call->context, request, &completions);
    call->reader->Finish(&call->response, &call->status, call.get());
  }
  std::jthread reader([&completions, left = calls.size()]() mutable {
    void* tag = nullptr;
    for (bool ok = false; left > 0 && completions.Next(&tag, &ok); --left) {
      const auto* call = static_cast<Call*>(tag);
      for (const auto& delivery : call->response.deliveries()) std::cout << "got " << delivery.id() << std::endl;
    }
  });
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  for (const auto& call : calls) call->context.TryCancel();
  reader.join();
  completions.Shutdown();
  void* tag = nullptr;
  for (bool ok = false; completions.Next(&tag, &ok);) {
  }
}
