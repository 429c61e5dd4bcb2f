// The codec of the session stream beside the generated classes: what reading or writing one message costs per item.
#include <benchmark/benchmark.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "proto/session_codec.h"

namespace sluice {
namespace {

using google::protobuf::io::ArrayInputStream;

constexpr int kChunk = 8'192;  // as the transport hands it over

ContentPtr Item(std::size_t bytes) {
  char* payload = nullptr;
  auto content = MakeContent(bytes, &payload);
  std::string(bytes, 'x').copy(payload, bytes);
  return content;
}

// A put of range(0) items of range(1) bytes, and the answer to a get of as many.
struct Messages {
  explicit Messages(const benchmark::State& state) {
    Put request{"bench-queue", {}, kForever, {}};
    GetResult result;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      const ContentPtr item = Item(static_cast<std::size_t>(state.range(1)));
      request.items.push_back(item);
      const auto number = static_cast<std::uint64_t>(100'000 + i);
      result.deliveries.push_back({{number}, {number}, 1, TimePoint(std::chrono::hours(480'000)), item});
    }
    put = std::move(request);
    got = Answer::Ok(std::move(result));
    operation = {7, &space, &put, std::nullopt, 0};
    answer = {7, &got};
  }

  wire::RequestOut request() const { return {nullptr, {&operation, 1}, 5, false}; }
  wire::ResponseOut response() const { return {nullptr, {&answer, 1}}; }

  std::string space = "default";
  Command put;
  Answer got;
  wire::OperationOut operation;
  wire::AnswerOut answer;
};

template <typename Writer, typename Out>
std::string Encode(Writer& writer, const Out& out) {
  std::string bytes;
  bytes.resize(writer.Measure(out));
  writer.Write(bytes.data());
  return bytes;
}

void CountItems(benchmark::State& state) { state.SetItemsProcessed(state.iterations() * state.range(0)); }

void WritePutByHand(benchmark::State& state) {
  const Messages messages(state);
  wire::RequestWriter writer;
  for (auto _ : state) benchmark::DoNotOptimize(Encode(writer, messages.request()));
  CountItems(state);
}

void WritePutGenerated(benchmark::State& state) {
  const Messages messages(state);
  for (auto _ : state) {
    v1::SessionRequest request;
    v1::Operation* operation = request.add_operations();
    operation->set_id(7);
    wire::Write(messages.space, messages.put, operation);
    benchmark::DoNotOptimize(request.SerializeAsString());
  }
  CountItems(state);
}

void ReadPutByHand(benchmark::State& state) {
  wire::RequestWriter writer;
  const std::string bytes = Encode(writer, Messages(state).request());
  wire::RequestIn request;
  for (auto _ : state) {
    ArrayInputStream in(bytes.data(), static_cast<int>(bytes.size()), kChunk);
    if (!wire::ReadRequest(&in, &request)) state.SkipWithError("no request");
    benchmark::DoNotOptimize(request.operations.data());
  }
  CountItems(state);
}

void ReadPutGenerated(benchmark::State& state) {
  wire::RequestWriter writer;
  const std::string bytes = Encode(writer, Messages(state).request());
  for (auto _ : state) {
    ArrayInputStream in(bytes.data(), static_cast<int>(bytes.size()), kChunk);
    v1::SessionRequest request;
    if (!request.ParseFromZeroCopyStream(&in)) state.SkipWithError("no request");
    benchmark::DoNotOptimize(wire::Parse(std::move(*request.mutable_operations(0))));
  }
  CountItems(state);
}

void WriteGotByHand(benchmark::State& state) {
  const Messages messages(state);
  wire::ResponseWriter writer;
  for (auto _ : state) benchmark::DoNotOptimize(Encode(writer, messages.response()));
  CountItems(state);
}

void WriteGotGenerated(benchmark::State& state) {
  const Messages messages(state);
  for (auto _ : state) {
    v1::SessionResponse response;
    v1::Answer* answer = response.add_answers();
    wire::Write(messages.got, answer);
    answer->set_operation(7);
    benchmark::DoNotOptimize(response.SerializeAsString());
  }
  CountItems(state);
}

void ReadGotByHand(benchmark::State& state) {
  wire::ResponseWriter writer;
  const std::string bytes = Encode(writer, Messages(state).response());
  wire::ResponseIn response;
  for (auto _ : state) {
    ArrayInputStream in(bytes.data(), static_cast<int>(bytes.size()), kChunk);
    if (!wire::ReadResponse(&in, &response)) state.SkipWithError("no response");
    benchmark::DoNotOptimize(response.answers.data());
  }
  CountItems(state);
}

void ReadGotGenerated(benchmark::State& state) {
  wire::ResponseWriter writer;
  const std::string bytes = Encode(writer, Messages(state).response());
  for (auto _ : state) {
    ArrayInputStream in(bytes.data(), static_cast<int>(bytes.size()), kChunk);
    v1::SessionResponse response;
    if (!response.ParseFromZeroCopyStream(&in)) state.SkipWithError("no response");
    benchmark::DoNotOptimize(wire::Read(std::move(*response.mutable_answers(0))));
  }
  CountItems(state);
}

#define SIZES ArgsProduct({{1, 64, 1'024}, {100, 1'024}})->ArgNames({"items", "bytes"})
BENCHMARK(WritePutByHand)->SIZES;
BENCHMARK(WritePutGenerated)->SIZES;
BENCHMARK(ReadPutByHand)->SIZES;
BENCHMARK(ReadPutGenerated)->SIZES;
BENCHMARK(WriteGotByHand)->SIZES;
BENCHMARK(WriteGotGenerated)->SIZES;
BENCHMARK(ReadGotByHand)->SIZES;
BENCHMARK(ReadGotGenerated)->SIZES;

}  // namespace
}  // namespace sluice

BENCHMARK_MAIN();
