// The small nouns: errors, names, bytes, ids.
#include <sluice/error.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "common/bytes.h"
#include "common/ids.h"
#include "common/item.h"
#include "common/limits.h"
#include "common/names.h"
#include "tests/unit/common/background.h"

namespace sluice {
namespace {

// ---- errors -------------------------------------------------------------------------------------

constexpr int kReasons = static_cast<int>(Reason::kInternal) + 1;

TEST(Error, EveryReasonHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int i = 0; i < kReasons; ++i) names.insert(ReasonName(static_cast<Reason>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kReasons));
  EXPECT_EQ(ReasonName(Reason::kShutDown), "SHUT_DOWN");
  EXPECT_EQ(ReasonName(static_cast<Reason>(200)), "INTERNAL");  // of a newer peer
}

TEST(Error, EveryReasonIsThrownAsItself) {
  for (int i = 1; i < kReasons; ++i) {
    const auto reason = static_cast<Reason>(i);
    try {
      ThrowError(reason, "why");
    } catch (const Error& error) {
      EXPECT_EQ(error.reason(), reason);
      EXPECT_STREQ(error.what(), "why");
    }
  }
}

TEST(Error, IsCaughtByItsNameByItsFamilyOrAsAStandardException) {
  EXPECT_THROW(ThrowError(Reason::kEmpty, ""), Empty);
  EXPECT_THROW(ThrowError(Reason::kLeaseLost, ""), LeaseLost);
  EXPECT_THROW(ThrowError(Reason::kFull, ""), Error);
  EXPECT_THROW(ThrowError(Reason::kFull, ""), std::exception);
  EXPECT_STREQ(Full().what(), "FULL");
}

TEST(ErrorDeathTest, OkIsNotAnError) { EXPECT_DEATH(ThrowError(Reason::kOk, ""), ""); }

// ---- names --------------------------------------------------------------------------------------

TEST(Names, AreLettersDigitsDotUnderscoreAndDash) {
  EXPECT_TRUE(IsValidName("a"));
  EXPECT_TRUE(IsValidName("Az09._-"));
  EXPECT_TRUE(IsValidName("-"));
  EXPECT_TRUE(IsValidName(std::string(limits::kNameBytes, 'x')));
  EXPECT_FALSE(IsValidName(std::string(limits::kNameBytes + 1, 'x')));
  for (const char* name : {"", ".", "..", ".hidden", "a b", "a/b", "a\n", "\xc3\xa9"}) {
    EXPECT_FALSE(IsValidName(name)) << name;
  }
  EXPECT_FALSE(IsValidName(std::string_view("a\0b", 3)));
}

TEST(Names, TheNamespaceMayBeLeftOut) {
  EXPECT_EQ(QueueName::Parse("jobs"), (QueueName{"default", "jobs"}));
  EXPECT_EQ(QueueName::Parse("team/jobs"), (QueueName{"team", "jobs"}));
  EXPECT_EQ(QueueName::Parse("team/jobs")->ToString(), "team/jobs");
  for (const char* text : {"", "/", "/jobs", "team/", "a/b/c", ".a/b", "a/.b"}) {
    EXPECT_EQ(QueueName::Parse(text), std::nullopt) << text;
  }
}

TEST(Names, ARefusalShowsNothingHarmfulAndNotTooMuch) {
  EXPECT_NE(InvalidNameMessage("a\x1b[2J b").find("'a??2J?b'"), std::string::npos);
  EXPECT_LT(InvalidNameMessage(std::string(100'000, 'x')).size(), 300u);
}

// ---- bytes --------------------------------------------------------------------------------------

TEST(Bytes, CopiesShareTheirOwner) {
  Bytes bytes(std::string("short"));  // short: a moved std::string takes such text with it
  const Bytes copy = bytes;
  EXPECT_EQ(copy.view().data(), bytes.view().data());
  bytes = Bytes();
  EXPECT_EQ(copy.view(), "short");
}

TEST(Bytes, BorrowedOnesKeepTheirOwnerAlive) {
  auto owner = std::make_shared<const std::string>("header payload");
  const std::weak_ptr<const std::string> watch = owner;
  Bytes bytes(owner, std::string_view(*owner).substr(7));
  owner.reset();
  EXPECT_EQ(bytes.view(), "payload");
  bytes = Bytes();
  EXPECT_TRUE(watch.expired());
}

TEST(Bytes, WhatWasMovedFromIsEmpty) {
  Bytes from(std::string("text"));
  Bytes to(std::move(from));
  EXPECT_EQ(from.size(), 0u);
  from = std::move(to);
  EXPECT_EQ(to.view(), "");
  EXPECT_EQ(from.view(), "text");
}

TEST(Content, ItsPayloadLiesInItsOwnMemory) {
  char* payload = nullptr;
  std::shared_ptr<Content> content = MakeContent(1'000, &payload);
  std::fill_n(payload, 1'000, 'x');
  EXPECT_EQ(content->payload.view(), std::string(1'000, 'x'));
  EXPECT_EQ(content->payload.view().data(), reinterpret_cast<const char*>(content.get() + 1)) << "right behind it";
  const std::weak_ptr<Content> watch = content;
  content.reset();
  EXPECT_TRUE(watch.expired());
}

TEST(Content, ItMayHaveNoPayloadOrOneOfItsOwn) {
  char* payload = nullptr;
  EXPECT_EQ(MakeContent(0, &payload)->payload.size(), 0u);
  Content content{Bytes(std::string("text")), "", {}, 0};
  const Content moved = std::move(content);
  EXPECT_EQ(moved.payload.view(), "text");
}
static_assert(!std::is_copy_constructible_v<Content>, "a copy would borrow a payload that goes with the original");

// ---- ids ----------------------------------------------------------------------------------------

static_assert(!std::is_convertible_v<ItemId, Fence> && !std::is_constructible_v<ItemId, Fence>);
static_assert(!std::is_convertible_v<ItemId, std::uint64_t>);

TEST(Id, NoneIsFalseAndOthersAreOrderedAndHashed) {
  EXPECT_FALSE(ItemId());
  EXPECT_TRUE(ItemId{7});
  EXPECT_LT(Fence{1}, Fence{2});
  EXPECT_EQ((std::unordered_set<Fence>{{1}, {2}, {1}}.size()), 2u);
}

}  // namespace
}  // namespace sluice
