#include "server/journal/crc32c.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace sluice::journal {
namespace {

TEST(Crc32c, IsThatOfTheStandard) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);  // RFC 3720, B.4
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(Crc32c(""), 0u);
}

TEST(Crc32c, IsTheSameOnAnyProcessor) {
  std::mt19937 random(1);
  std::string bytes(100, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  for (std::size_t from = 0; from < 9; ++from) {
    for (std::size_t count = 0; from + count <= bytes.size(); ++count) {
      const std::string_view part = std::string_view(bytes).substr(from, count);
      ASSERT_EQ(Crc32c(part), Crc32cByTable(part)) << from << ", " << count;
    }
  }
}

#if defined(__x86_64__)

// Or it would be slow again, and nobody would know.
TEST(Crc32c, OfThisProgramIsWhatRocksDbCalls) {
  const void* const called = dlsym(RTLD_DEFAULT, "_ZN7rocksdb6crc32c6ExtendEjPKcm");
  Dl_info where{};
  ASSERT_NE(dladdr(called, &where), 0);
  EXPECT_EQ(std::string_view(where.dli_fname).find("librocksdb"), std::string_view::npos) << where.dli_fname;
}

#endif

}  // namespace
}  // namespace sluice::journal
