// libFuzzer target: any bytes as a message of a session stream. Build and run as parse_fuzzer.cc.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/fuzz/check_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  google::protobuf::LogSilencer silencer;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const int first = static_cast<int>(size / 2);
  sluice::fuzz::CheckRequest(bytes, {first, 0});
  sluice::fuzz::CheckResponse(bytes, {first, 7});
  return 0;
}
