// libFuzzer target: any bytes as an operation of a session. Build with clang, -DSLUICE_FUZZ=ON and
// -DSLUICE_SANITIZE=fuzzer-no-link,address,undefined; run bin/parse_fuzzer CORPUS_DIR
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/check_parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  google::protobuf::LogSilencer silencer;
  sluice::v1::Operation operation;
  if (operation.ParseFromArray(data, static_cast<int>(size))) sluice::fuzz::CheckParse(operation);
  return 0;
}
