// Time, ids, digests, descriptions and bytes: what every value in the world is made of.

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "sim/base/bytes.h"
#include "sim/base/check.h"
#include "sim/base/described.h"
#include "sim/base/digest.h"
#include "sim/base/match.h"
#include "sim/base/problem.h"
#include "sim/base/time.h"

namespace sim {
namespace {

using namespace sim::literals;

struct AgeTag {};
using Age = Ordinal<AgeTag>;
enum class Colour {
  Red,
  Green
};
std::string_view name_of(Colour colour) {
  return colour == Colour::Red ? "red" : "green";
}
struct Inner {
  Age age;
  std::optional<Colour> colour;
  static constexpr std::string_view kName = "Inner";
  static constexpr auto fields(auto&& visit) {
    return visit(field("age", &Inner::age), field("colour", &Inner::colour));
  }
};
struct Outer {
  std::vector<Inner> inner;
  std::map<std::string, bool> flags;
  std::variant<std::monostate, Duration> wait;
  static constexpr auto fields(auto&& visit) {
    return visit(field("inner", &Outer::inner), field("flags", &Outer::flags),
                 field("wait", &Outer::wait));
  }
};

TEST(Time, PrintsTheShortestExactForm) {
  EXPECT_EQ(describe(3_s), "3s");
  EXPECT_EQ(describe(340_ms), "340ms");
  EXPECT_EQ(describe(12_us), "12us");
  EXPECT_EQ(describe(1_s + 1_ns), "1000000001ns");
  EXPECT_EQ(describe(Instant{} + 12'345_ms), "12.345s");
  EXPECT_EQ(describe(Instant::never()), "never");
}

TEST(Time, NeverStaysNever) {
  EXPECT_EQ(Instant::never() + 1_s, Instant::never());
  EXPECT_EQ(Instant(INT64_MAX - 5) + 1_s, Instant::never());
  EXPECT_EQ((Instant{} + 5_s) - Instant{}, 5_s);
}

TEST(Id, AnOrdinalCountsAndMeasuresDistances) {
  EXPECT_EQ(Age(3).next(), Age(4));
  EXPECT_EQ(Age(3).distance_to(Age(10)), 7);
  EXPECT_LT(Age(3), Age(4));
}

TEST(Described, PrintsEveryKindOfField) {
  const Outer outer{{{Age(1), Colour::Green}, {Age(2), std::nullopt}}, {{"x", true}}, 5_ms};
  EXPECT_EQ(
      describe_value(outer),
      "{inner=[Inner{age=1 colour=green},Inner{age=2 colour=none}] flags=[\"x\":true] wait=5ms}");
}

TEST(Described, EveryFieldCountsInTheDigest) {
  const Outer outer{{{Age(1), Colour::Green}}, {{"x", true}}, 5_ms};
  Outer other = outer;
  EXPECT_EQ(digest_of(outer), digest_of(other));
  other.inner[0].age = Age(2);
  EXPECT_NE(digest_of(outer), digest_of(other));
  other = outer;
  other.inner[0].colour.reset();
  EXPECT_NE(digest_of(outer), digest_of(other));
  other = outer;
  other.flags["x"] = false;
  EXPECT_NE(digest_of(outer), digest_of(other));
  other = outer;
  other.wait = std::monostate{};
  EXPECT_NE(digest_of(outer), digest_of(other));
}

struct Before {
  Age age;
  static constexpr auto fields(auto&& visit) { return visit(field("age", &Before::age)); }
};
struct After {
  Age age;
  std::string note;
  static constexpr auto fields(auto&& visit) {
    return visit(field("age", &After::age), sparse_field("note", &After::note));
  }
};

TEST(Described, ASparseFieldThatIsEmptyIsAsIfItWereNotThere) {
  EXPECT_EQ(digest_of(After{Age(1), ""}), digest_of(Before{Age(1)}));
  EXPECT_NE(digest_of(After{Age(1), "x"}), digest_of(Before{Age(1)}));
  EXPECT_EQ(describe_value(After{Age(1), ""}), "{age=1}");
  EXPECT_EQ(describe_value(After{Age(1), "x"}), "{age=1 note=\"x\"}");
}

TEST(Digest, IsTheSameOnEveryCompilerAndMachine) {
  Digest digest(1);
  digest.add(std::uint64_t{2});
  digest.add(std::string_view("a name longer than eight bytes"));
  EXPECT_EQ(digest.value(), 6780188159671498521u);
  EXPECT_EQ(hash_name("raft.Vote"), 10393964273688759393u);
}

RC_GTEST_PROP(Digest, TellsHowTextIsSplit, (std::string a, std::string b)) {
  RC_PRE(!b.empty());
  Digest one;
  one.add(std::string_view(a));
  one.add(std::string_view(b));
  Digest other;
  other.add(std::string_view(a + b.substr(0, 1)));
  other.add(std::string_view(b).substr(1));
  RC_ASSERT(one.value() != other.value());
}

RC_GTEST_PROP(Bytes, ReadingGivesBackWhatWasWritten,
              (std::uint8_t a, std::int16_t b, std::int32_t c, std::int64_t d, std::string text)) {
  ByteWriter writer;
  writer.u8(a);
  writer.i16(b);
  writer.u32(0);
  writer.i64(d);
  writer.append(text);
  writer.patch_u32(3, static_cast<std::uint32_t>(c));
  ByteReader reader(writer.view());
  RC_ASSERT(reader.u8() == a);
  RC_ASSERT(reader.i16() == b);
  RC_ASSERT(reader.i32() == c);
  RC_ASSERT(reader.i64() == d);
  RC_ASSERT(as_text(*reader.take(text.size())) == text);
  RC_ASSERT(reader.empty());
}

TEST(Bytes, AReadPastTheEndReturnsNothingAndStaysWhereItWas) {
  const Bytes bytes{1, 2, 3};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.i32(), std::nullopt);
  EXPECT_FALSE(reader.take(4).has_value());
  EXPECT_EQ(reader.position(), 0u);
  EXPECT_EQ(reader.u16(), 0x0102);
  EXPECT_EQ(reader.remaining(), 1u);
}

TEST(Check, SaysWhatMustBeTrueAndWhere) {
  try {
    check(1 > 2, "one exceeds two");
    FAIL();
  } catch (const Bug& bug) {
    EXPECT_NE(std::string_view(bug.what()).find("one exceeds two"), std::string_view::npos);
    EXPECT_GT(bug.where().line(), 0u);
  }
}

TEST(Match, CallsTheHandlerOfTheAlternativeHeld) {
  const std::variant<int, std::string> value = std::string("text");
  EXPECT_EQ(match(value, [](int) { return 1; }, [](const std::string&) { return 2; }), 2);
}

TEST(Problem, NamesThePlaceAndTheRemedy) {
  const Problem problem{
      Severity::Malformed, {.source = "log.1", .offset = 64}, "Bad sum.", "Copy it again."};
  EXPECT_EQ(describe(problem), "log.1 at byte 64 (0x40): Bad sum.\n  Copy it again.");
}

}  // namespace
}  // namespace sim
