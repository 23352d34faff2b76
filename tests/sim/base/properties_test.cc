#include "sim/base/properties.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

// What java.util.Properties makes of a file; tools/conformance properties asks Java itself.
namespace {

using sim::PropertiesFile;
using Kind = PropertiesFile::Kind;

PropertiesFile read(std::string_view text) {
  auto file = PropertiesFile::parse(text, "server.properties");
  EXPECT_TRUE(file) << sim::describe(file.error());
  return file.value_or(PropertiesFile());
}

std::map<std::string, std::string> entries(std::string_view text) {
  std::map<std::string, std::string> entries;
  const PropertiesFile file = read(text);
  for (const std::string& key : file.keys()) entries[key] = *file.get(key);
  return entries;
}

using Entries = std::map<std::string, std::string>;

TEST(Properties, KeysEndAtTheFirstSeparatorThatIsNotEscaped) {
  EXPECT_EQ(entries("a=1\nb:2\nc 3\nd\t=\t4\ne = : 5\nf==6\n"),
            (Entries{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}, {"e", ": 5"}, {"f", "=6"}}));
  EXPECT_EQ(entries("a\\ b\\=c\\:d=1"), (Entries{{"a b=c:d", "1"}}));
  EXPECT_EQ(entries("alone\nempty=\n=nameless"),
            (Entries{{"alone", ""}, {"empty", ""}, {"", "nameless"}}));
}

TEST(Properties, BlanksBeforeAKeyAreSkippedAndThoseAfterAValueStay) {
  EXPECT_EQ(entries(" \t\f broker.id = 1  \n"), (Entries{{"broker.id", "1  "}}));
}

TEST(Properties, CommentsBeginALogicalLineAndAreNeverContinued) {
  EXPECT_EQ(entries("# a=1\\\nb=2\n  ! c=3\nd=4 # part of it\ne=x,\\\n# f,\\\n  y\n"),
            (Entries{{"b", "2"}, {"d", "4 # part of it"}, {"e", "x,# f,y"}}));
}

TEST(Properties, AContinuationDropsTheBlanksThatLeadTheNextLine) {
  EXPECT_EQ(entries("log.dirs=/a,\\\r\n    /b,\\\n\t/c\rnext=1"),
            (Entries{{"log.dirs", "/a,/b,/c"}, {"next", "1"}}));
  EXPECT_EQ(entries("a=1\\\\\nb=2\n"), (Entries{{"a", "1\\"}, {"b", "2"}}));
  EXPECT_EQ(entries("a=1\\\n\nb=2\n"), (Entries{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(entries("a=1\\"), (Entries{{"a", "1"}}));
}

TEST(Properties, ABackslashWithoutALineIsWhatJavaMakesOfIt) {
  EXPECT_EQ(entries("\\"), (Entries{{"", ""}}));
  EXPECT_EQ(entries("\\\n"), (Entries{{"", ""}}));
  EXPECT_EQ(entries("\\\r\n"), Entries{});
  EXPECT_EQ(entries("\\\n  "), Entries{});
  EXPECT_EQ(entries("\\\n# a comment after all\na=1"), (Entries{{"a", "1"}}));
}

TEST(Properties, EscapesStandForCharacters) {
  EXPECT_EQ(entries("a=\\t\\n\\r\\f\\q\\\\\\u0041\\u00e9\\u20AC\\uD83D\\uDE00"),
            (Entries{{"a", "\t\n\r\fq\\A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"}}));
  EXPECT_EQ(entries("a=\\uD83Dx\\uDE00"), (Entries{{"a", "\xEF\xBF\xBDx\xEF\xBF\xBD"}}));
}

TEST(Properties, AnUnfinishedUnicodeEscapeIsRefusedWithItsLine) {
  for (const char* wrong : {"\\u12", "\\u12G4", "\\u", "\\u 041"}) {
    const auto file =
        PropertiesFile::parse(std::string("# first\na=1\nb=x,\\\n  ") + wrong, "server.properties");
    ASSERT_FALSE(file) << wrong;
    EXPECT_EQ(file.error().severity, sim::Severity::Malformed);
    EXPECT_EQ(file.error().place.source, "server.properties");
    EXPECT_EQ(file.error().place.line, 4);
  }
  EXPECT_TRUE(PropertiesFile::parse("# \\u in a comment", "x"));
}

TEST(Properties, BytesAreLatin1AndAFileInUtf8IsNoticed) {
  EXPECT_EQ(entries("a=\xE9"), (Entries{{"a", "\xC3\xA9"}}));
  EXPECT_EQ(entries("a=\xC3\xA9"), (Entries{{"a", "\xC3\x83\xC2\xA9"}}));
  EXPECT_EQ(read("a=\xE9\n").written_as_utf8(), std::vector<std::uint32_t>{});
  EXPECT_EQ(read("# \xC3\xA9\na=1\nb=\xC3\xA9\n").written_as_utf8(), std::vector<std::uint32_t>{3});
}

TEST(Properties, OfARepeatedKeyTheLastCounts) {
  const PropertiesFile file = read("a=1\nb=2\na=3\n\\u0061=4\n");
  EXPECT_EQ(file.get("a"), "4");
  EXPECT_EQ(file.find("a")->line, 4);
  std::vector<std::uint32_t> lines;
  for (const auto* each : file.overridden()) lines.push_back(each->line);
  EXPECT_EQ(lines, (std::vector<std::uint32_t>{1, 3}));
}

TEST(Properties, ALineIsWhereTheKeyStands) {
  const PropertiesFile file = read("\r\n# c\r\n\\\n  a=1,\\\n 2\rb=3\n");
  EXPECT_EQ(file.find("a")->line, 4);
  EXPECT_EQ(file.find("b")->line, 6);
}

// ── Edits ───────────────────────────────────────────────────────────────────────────────────────

std::string after_set(std::string_view text, std::string_view key, std::string_view value) {
  PropertiesFile file = read(text);
  file.set(key, value);
  return file.text();
}

TEST(PropertiesEdit, AValueIsReplacedWhereItStands) {
  EXPECT_EQ(after_set("# mine\r\n  broker.id :  1\r\nb=2\r\n", "broker.id", "7"),
            "# mine\r\n  broker.id :  7\r\nb=2\r\n");
  EXPECT_EQ(after_set("log.dirs=/a,\\\n  /b\nb=2", "log.dirs", "/c"), "log.dirs=/c\nb=2");
  EXPECT_EQ(after_set("a=1\nb=2\na=3\n", "a", "4"), "a=1\nb=2\na=4\n");
  EXPECT_EQ(after_set("alone\n", "alone", "1"), "alone=1\n");
}

TEST(PropertiesEdit, ANewKeyGoesToTheEndWithTheFilesOwnLineEnd) {
  EXPECT_EQ(after_set("a=1\r\n", "node.id", "3"), "a=1\r\nnode.id=3\r\n");
  EXPECT_EQ(after_set("a=1", "b", "2"), "a=1\nb=2\n");
  EXPECT_EQ(after_set("a=1\\", "b", "2"), "a=1\nb=2\n");
  EXPECT_EQ(after_set("a=1\\\n", "b", "2"), "a=1\\\n\nb=2\n");
}

TEST(PropertiesEdit, RemovingAndCommentingOutTakeEveryRepetition) {
  PropertiesFile file = read("a=1\nzookeeper.connect=h:1,\\\n   h:2\nb=2\nzookeeper.connect=x");
  PropertiesFile other = file;
  EXPECT_TRUE(file.remove("zookeeper.connect"));
  EXPECT_EQ(file.text(), "a=1\nb=2\n");
  EXPECT_FALSE(file.remove("zookeeper.connect"));
  EXPECT_TRUE(other.comment_out("zookeeper.connect"));
  EXPECT_EQ(other.text(), "a=1\n#zookeeper.connect=h:1,\\\n#   h:2\nb=2\n#zookeeper.connect=x");
}

// ── Properties of files as such ─────────────────────────────────────────────────────────────────

// Text in which everything that matters to the reader is frequent.
rc::Gen<std::string> a_file() {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
          "a",  "b",    "broker.id", "=", ":",       " ",   "\t",   "\f",       "\\", "\\\\", "\n",
          "\r", "\r\n", "#",         "!", "\\u0041", "\\n", "\xE9", "\xC3\xA9", ",",  "1"})),
      [](const std::vector<std::string>& pieces) {
        std::string text;
        for (const std::string& piece : pieces) text += piece;
        return text;
      });
}

RC_GTEST_PROP(Properties, AFileIsWrittenBackByteForByte, ()) {
  const std::string text = *a_file();
  const auto file = PropertiesFile::parse(text, "x");
  RC_PRE(file.has_value());
  RC_ASSERT(file->text() == text);
}

RC_GTEST_PROP(Properties, WhatIsSetIsReadAndTheOthersStay, ()) {
  auto file = PropertiesFile::parse(*a_file(), "x");
  RC_PRE(file.has_value());
  const auto keys = file->keys();
  const auto any = rc::gen::map(a_file(), [](const std::string& text) {
    return sim::PropertiesFile::parse("k=" + text, "x")
        .value_or(PropertiesFile())
        .get("k")
        .value_or("");
  });
  const std::string key =
      keys.empty() || *rc::gen::arbitrary<bool>() ? *any : *rc::gen::elementOf(keys);
  const std::string value = *any;
  Entries expected;
  for (const std::string& each : keys) expected[each] = *file->get(each);
  expected[key] = value;
  file->set(key, value);
  RC_ASSERT(entries(file->text()) == expected);
  RC_ASSERT(file->comment_out(key));
  expected.erase(key);
  RC_ASSERT(entries(file->text()) == expected);
}

TEST(Properties, AStoredValueIsWrittenAsJavaStoresIt) {
  EXPECT_EQ(sim::stored_value(" a=b c:#"), "\\ a\\=b c\\:\\#");
  EXPECT_EQ(entries("cluster.id=" + sim::stored_value("YQ==")), (Entries{{"cluster.id", "YQ=="}}));
}

}  // namespace
