#include "sim/core/payload.h"

#include <gtest/gtest.h>

#include "sim/core/core.h"

namespace sim {
namespace {

struct Note {
  std::string text;
  static constexpr std::string_view kName = "test.Note";
  static constexpr std::string_view kRule = "nowhere §1";
  static constexpr auto fields(auto&& visit) { return visit(field("text", &Note::text)); }
};
struct Large {
  std::array<std::uint64_t, 200> words{};
  static constexpr std::string_view kName = "test.Large";
  static constexpr auto fields(auto&& visit) { return visit(field("words", &Large::words)); }
  std::size_t wire_bytes() const { return 7; }
};

TEST(Payload, IsReadAsTheTypeThatItHolds) {
  const Payload payload = Payload::of(Note{"hello"});
  EXPECT_EQ(payload.as<Note>().text, "hello");
  EXPECT_EQ(payload.get_if<Large>(), nullptr);
  EXPECT_THROW(payload.as<Large>(), Bug);
  EXPECT_EQ(payload.name(), "test.Note");
  EXPECT_EQ(payload.type().rule, "nowhere §1");
  EXPECT_EQ(payload.type().name_hash, hash_name("test.Note"));
  EXPECT_EQ(payload.describe(), "test.Note{text=\"hello\"}");
}

TEST(Payload, ACopySharesAndOutlivesTheOriginal) {
  Payload copy;
  EXPECT_FALSE(static_cast<bool>(copy));
  {
    const Payload original = Payload::of(Note{std::string(100, 'x')});
    copy = original;
    EXPECT_TRUE(copy.same_block(original));
  }
  EXPECT_EQ(copy.as<Note>().text.size(), 100u);
  const Payload moved = std::move(copy);
  EXPECT_EQ(moved.as<Note>().text.size(), 100u);
}

TEST(Payload, EqualContentsHaveEqualDigestsWhereverTheyLie) {
  EXPECT_EQ(digest_of(Payload::of(Note{"a"})), digest_of(Payload::of(Note{"a"})));
  EXPECT_NE(digest_of(Payload::of(Note{"a"})), digest_of(Payload::of(Note{"b"})));
  EXPECT_NE(digest_of(Payload::of(Note{"a"})), digest_of(Payload{}));
}

TEST(Payload, LargeOnesWorkTooAndSayTheirWeight) {
  const Payload payload = Payload::of(Large{});
  EXPECT_EQ(payload.wire_bytes(), 7u);
  EXPECT_EQ(payload.as<Large>().words.size(), 200u);
}

TEST(Durable, AFileThatWasNeverWrittenIsEmpty) {
  const Durable disk;
  EXPECT_TRUE(disk.at(File{3}).entries.empty());
  EXPECT_EQ(disk.at(File{3}).first, 0u);
}

}  // namespace
}  // namespace sim
