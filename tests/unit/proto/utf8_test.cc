#include "proto/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::wire {
namespace {

TEST(Utf8, TextOfAnyLengthOfCharacterIsValid) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("plain"));
  EXPECT_TRUE(IsUtf8(std::string_view("\0", 1)));
  EXPECT_TRUE(IsUtf8("\u00e9 \u20ac \U0001f600 \U0010ffff"));
}

TEST(Utf8, BrokenTextIsNot) {
  EXPECT_FALSE(IsUtf8("\x80")) << "a continuation alone";
  EXPECT_FALSE(IsUtf8("\xe2\x82")) << "cut";
  EXPECT_FALSE(IsUtf8("\xc3(")) << "interrupted";
  EXPECT_FALSE(IsUtf8("\xc0\xaf")) << "overlong, two bytes";
  EXPECT_FALSE(IsUtf8("\xe0\x80\xaf")) << "overlong, three bytes";
  EXPECT_FALSE(IsUtf8("\xf0\x80\x80\xaf")) << "overlong, four bytes";
  EXPECT_FALSE(IsUtf8("\xed\xa0\x80")) << "a surrogate";
  EXPECT_FALSE(IsUtf8("\xf4\x90\x80\x80")) << "beyond the last character";
  EXPECT_FALSE(IsUtf8("\xff"));
}

TEST(Utf8, MendingReplacesBadBytesAlone) {
  EXPECT_EQ(ToUtf8(""), "");
  EXPECT_EQ(ToUtf8("caf\u00e9"), "caf\u00e9");
  EXPECT_EQ(ToUtf8("caf\xe9"), "caf?");
  EXPECT_EQ(ToUtf8("\xff"
                   "a\xe2\x82"
                   "b\u20ac"),
            "?a??b\u20ac");
}

TEST(Utf8, CuttingKeepsWholeCharacters) {
  EXPECT_EQ(CutUtf8("abc", 3), "abc");
  EXPECT_EQ(CutUtf8("abc", 2), "ab");
  EXPECT_EQ(CutUtf8("a\u20ac", 4), "a\u20ac");
  EXPECT_EQ(CutUtf8("a\u20ac", 3), "a");
  EXPECT_EQ(CutUtf8("a\u20ac", 2), "a");
  EXPECT_EQ(CutUtf8("\u20ac", 0), "");
}

}  // namespace
}  // namespace sluice::wire
