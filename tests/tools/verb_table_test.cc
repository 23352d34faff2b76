#include "tools/zk2kraft/verb_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "tests/tools/command_line.h"

// The manual and the completions, which are made of the verbs' own tables, as man(1) and bash take
// them.
namespace {

using tests::contains;
using tests::run;
using tools::ExitCode;
using tools::Takes;

std::string printed_by(const std::string& command) {
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string out;
  std::array<char, 4096> buffer{};
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
    out.append(buffer.data(), n);
  ::pclose(pipe);
  return out;
}

// ── The rows ────────────────────────────────────────────────────────────────────────────────────

TEST(VerbTable, AValueNamesItsWordsRangesIncluded) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(tools::words_of_value("text|json"), (Words{"text", "json"}));
  EXPECT_EQ(tools::words_of_value("S0…S2|R1"), (Words{"S0", "S1", "S2", "R1"}));
  EXPECT_EQ(tools::words_of_value("a…b|c"), (Words{"a…b", "c"}));
  EXPECT_EQ(tools::words_of_value("FILE"), Words{});
}

TEST(VerbTable, EveryOptionOfEveryVerbSaysWhatItTakes) {
  for (const tools::Verb& verb : tools::verbs()) {
    for (const tools::OptionRow& row : tools::option_rows(verb)) {
      EXPECT_FALSE(row.explanation.empty()) << verb.name << " --" << row.long_name;
      EXPECT_EQ(row.takes == Takes::Nothing, row.value.empty()) << verb.name << row.long_name;
      EXPECT_EQ(row.takes == Takes::Choice, !row.choices.empty()) << verb.name << row.long_name;
      // "arg" is what stands where nobody named the value.
      EXPECT_FALSE(row.value.starts_with("arg")) << verb.name << " --" << row.long_name;
    }
    // A list of words that belongs to nothing is a slip of the pen.
    for (const tools::Verb::Choices& choices : verb.choices) {
      bool known = false;
      for (const auto& row : tools::option_rows(verb)) known |= row.long_name == choices.of;
      for (const auto& positional : verb.positionals) known |= positional.name == choices.of;
      EXPECT_TRUE(known) << verb.name << ": " << choices.of;
    }
  }
}

TEST(VerbTable, TheFormsThatAVerbPromisesAreThoseThatItWrites) {
  for (const tools::Verb& verb : tools::verbs()) {
    for (const tools::OptionRow& row : tools::option_rows(verb)) {
      if (row.long_name != "output") continue;
      EXPECT_EQ(row.default_value, "text") << verb.name;
      std::vector<std::string> words{std::string(verb.name), "--output", "papyrus"};
      words.resize(words.size() + verb.positionals.size(), "x");
      const auto wrong = run(words);
      EXPECT_EQ(wrong.code, ExitCode::Usage) << verb.name;
      for (const std::string& form : row.choices)
        EXPECT_TRUE(contains(wrong.err, form)) << verb.name << ": " << wrong.err;
    }
  }
}

// ── The manual ──────────────────────────────────────────────────────────────────────────────────

TEST(Manual, NamesEveryVerbOptionAndExampleAndGroffFindsNoFault) {
  const auto manual = run({"man"});
  ASSERT_EQ(manual.code, ExitCode::Good);
  const tests::ScratchFolder scratch;
  const auto file = (scratch.path() / "zk2kraft.1").string();
  std::ofstream(file) << manual.out;
  EXPECT_TRUE(std::ranges::all_of(manual.out, [](char c) { return c >= 0; })) << "it is ASCII";
  if (std::system("command -v groff > /dev/null") != 0) GTEST_SKIP() << "there is no groff";
  EXPECT_EQ(printed_by("groff -Tutf8 -man -ww '" + file + "' 2>&1 >/dev/null"), "");
  const auto text = printed_by("groff -rLL=400n -Tutf8 -P-c -P-b -P-u -man '" + file + "'");
  for (const tools::Verb& verb : tools::verbs()) {
    for (const tools::OptionRow& row : tools::option_rows(verb))
      EXPECT_TRUE(contains(text, "--" + row.long_name)) << verb.name << " " << row.long_name;
    for (const tools::Example& example : verb.examples)
      EXPECT_TRUE(contains(text, example.command)) << example.command;
  }
  EXPECT_TRUE(contains(text, "S0…S8|R1|R2")) << "what is not ASCII arrives";
}

// ── The completion, in bash ─────────────────────────────────────────────────────────────────────

class Completion : public testing::Test {
 protected:
  Completion() {
    std::ofstream(scratch_.path() / "completion") << run({"completion", "bash"}).out;
    std::filesystem::create_directories(scratch_.path() / "a folder");
    std::ofstream(scratch_.path() / "a file") << "";
  }

  // What is offered for the last of the words, each on a line.
  std::string offered(const std::vector<std::string>& words, const char* then = "cat") const {
    std::string list = "zk2kraft";
    for (const std::string& word : words) list += " '" + word + "'";
    return printed_by("cd '" + scratch_.path().string() +
                      "' && bash -u -c 'source ./completion; COMP_WORDS=(" + quoted(list) +
                      "); COMP_CWORD=" + std::to_string(words.size()) +
                      "; _zk2kraft; printf \"%s\\n\" \"${COMPREPLY[@]}\"' 2>&1 | " + then);
  }
  // bash lists a folder in no order.
  std::string by_name(const std::vector<std::string>& words) const {
    return offered(words, "LC_ALL=C sort");
  }

 private:
  static std::string quoted(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out;
  }
  tests::ScratchFolder scratch_;
};

TEST_F(Completion, OffersEveryVerb) {
  const auto all = offered({""});
  for (const tools::Verb& verb : tools::verbs())
    EXPECT_TRUE(contains(all, std::string(verb.name) + "\n")) << verb.name;
  EXPECT_EQ(offered({"dif"}), "diff\n");
  EXPECT_EQ(offered({"help", "ins"}), "inspect\n");
}

TEST_F(Completion, OffersEveryOptionOfAVerb) {
  for (const tools::Verb& verb : tools::verbs()) {
    const auto all = offered({std::string(verb.name), "--"});
    for (const tools::OptionRow& row : tools::option_rows(verb))
      EXPECT_TRUE(contains(all, "--" + row.long_name + "\n")) << verb.name << " " << row.long_name;
  }
  EXPECT_EQ(offered({"diff", "--fr"}), "--from\n");
}

TEST_F(Completion, OffersTheWordsThatAValueMayBe) {
  EXPECT_EQ(offered({"diff", "--output", ""}), "text\njson\njsonl\njunit\n");
  EXPECT_EQ(offered({"diff", "--output", "ju"}), "junit\n");
  EXPECT_EQ(offered({"diff", "--output", "=", "ju"}), "junit\n");
  EXPECT_EQ(offered({"diff", "--output", "="}), "text\njson\njsonl\njunit\n");
  EXPECT_EQ(offered({"diff", "--kind", "s"}), "scram-credentials\n");
  EXPECT_EQ(offered({"check", "--phase", "S"}), "S0\nS1\nS2\nS3\nS4\nS5\nS6\nS7\nS8\n");
  EXPECT_EQ(offered({"check", "--profile", "c"}), "confluent\ncfk\ncp-ansible\n");
  EXPECT_EQ(offered({"gate", "f"}), "finalize\n");
  EXPECT_EQ(offered({"gate", "--all", "--output", "json", "f"}), "finalize\n");
  EXPECT_EQ(offered({"completion", ""}), "bash\n");
}

TEST_F(Completion, OffersPathsWhereAPathStands) {
  EXPECT_EQ(by_name({"diff", "--from", "a"}), "a file\na folder\n");
  EXPECT_EQ(by_name({"diff", "--output", "json", "--to", "a"}), "a file\na folder\n");
  EXPECT_EQ(by_name({"gate", "next", "a"}), "a file\na folder\n");
  EXPECT_EQ(by_name({"inspect", "one", "two", "a f"}), "a file\na folder\n");
  EXPECT_EQ(offered({"pseudonymise", "--out", "a"}), "a folder\n");
  EXPECT_EQ(offered({"diff", "--at", ""}), "\n") << "a moment is no file";
}

TEST_F(Completion, AShellThatIsNoneIsRefused) {
  const auto ran = run({"completion", "bsh"});
  EXPECT_EQ(ran.code, ExitCode::Usage);
  EXPECT_TRUE(contains(ran.err, "Did you mean 'bash'?")) << ran.err;
  EXPECT_EQ(run({"completion"}).code, ExitCode::Usage);
}

}  // namespace
