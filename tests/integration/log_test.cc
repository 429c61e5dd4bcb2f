// What comes from outside cannot forge a log line.
#include "server/log.h"

#include <gtest/gtest.h>

namespace sluice::server {
namespace {

TEST(EscapeJsonTest, LeavesOrdinaryTextAlone) {
  EXPECT_EQ(EscapeJson("worker 7 from ipv4:127.0.0.1:5 (größer, 日本, 😀)"),
            "worker 7 from ipv4:127.0.0.1:5 (größer, 日本, 😀)");
}

TEST(EscapeJsonTest, EscapesWhatWouldEndTheStringOrTheLine) {
  EXPECT_EQ(EscapeJson("a\"b\\c\nd"), R"(a\"b\\c\nd)");
  EXPECT_EQ(EscapeJson(std::string("\0\x1b\x7f", 3)), R"(\u0000\u001b\u007f)");
}

TEST(EscapeJsonTest, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(EscapeJson("\xff|\xc3|\xc0\xaf|\xe0\x80\x80|\xed\xa0\x80|\xf4\x90\x80\x80"),
            R"(\ufffd|\ufffd|\ufffd\ufffd|\ufffd\ufffd\ufffd|\ufffd\ufffd\ufffd|\ufffd\ufffd\ufffd\ufffd)");
}

}  // namespace
}  // namespace sluice::server
