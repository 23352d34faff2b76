#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "tools/judges/driver/comparison.h"
#include "tools/judges/driver/plan.h"

// Our side of `tools/conformance driver`: makes sequences, does them, and compares with what
// Kafka's own driver did.
//
//   driver_judge ask FIRST COUNT            the sequences of these seeds, a line each, for
//   DriverJudge driver_judge smaller NAME               the same for what is left of a sequence
//   when a part more is left out driver_judge one NAME                   one sequence driver_judge
//   show NAME                  what ours does with it, step by step driver_judge compare TALLY <
//   OBSERVED   says where both differ; leaves counts in the file TALLY driver_judge table TALLY…
//   the counts of several such files as one table
//
// NAME is s17, or s17-w3.8d.9: of seed 17, without steps 3 and 9 and without what happens during
// step 8. Exit codes: 0 agreed, 1 not, 3 usage, 4 unreadable input.
namespace {

using judge::Json;

constexpr int kDisagreed = 1;
constexpr int kUsage = 3;
constexpr int kMalformed = 4;
constexpr int kMostShown = 40;

struct Name {
  std::uint64_t seed = 0;
  judge::Without without;

  static Name parse(std::string text) {
    Name name;
    std::from_chars(text.data() + std::min<std::size_t>(1, text.size()), text.data() + text.size(),
                    name.seed);
    const std::size_t without = text.find("-w");
    if (without == std::string::npos) return name;
    std::ranges::replace(text, '.', ',');
    name.without = judge::Without::parse(text.substr(without + 2));
    return name;
  }
  std::string describe() const {
    std::string left_out = without.describe();
    std::ranges::replace(left_out, ',', '.');
    return fmt::format("s{}{}{}", seed, left_out.empty() ? "" : "-w", left_out);
  }
  judge::Performed perform() const {
    return judge::perform(seed, judge::reduced(judge::plan_of(seed), without), describe());
  }
};

int ask(std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    std::cout << Name{.seed = seed}.perform().sequence.dump() << '\n' << std::flush;
  }
  return 0;
}

// Runs of the steps that are left, the longest first, then what happens during each.
int smaller(const Name& name) {
  const std::vector<judge::Step> plan = judge::plan_of(name.seed);
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (!name.without.steps.contains(i)) left.push_back(i);
  }
  for (std::size_t length = (left.size() + 1) / 2; length > 0; length /= 2) {
    for (std::size_t at = 0; at < left.size(); at += length) {
      Name candidate = name;
      for (std::size_t i = at; i < std::min(left.size(), at + length); ++i)
        candidate.without.steps.insert(left[i]);
      std::cout << candidate.perform().sequence.dump() << '\n';
    }
  }
  for (const std::size_t i : left) {
    if (plan[i].during.empty() || name.without.interruptions.contains(i)) continue;
    Name candidate = name;
    candidate.without.interruptions.insert(i);
    std::cout << candidate.perform().sequence.dump() << '\n';
  }
  return 0;
}

int one(const Name& name) {
  std::cout << name.perform().sequence.dump() << '\n';
  return 0;
}

int show(const Name& name) {
  const judge::Performed performed = name.perform();
  for (std::size_t i = 0; i < performed.seen.size(); ++i) {
    fmt::print("{} {}\n", i, performed.sequence["steps"][i].dump());
    for (const std::string& entry : performed.seen[i].trace)
      fmt::print("    {}\n", entry.substr(0, 160));
    for (const std::string& node : performed.seen[i].nodes) fmt::print("  {}\n", node);
  }
  return 0;
}

int compare(const std::string& tally_file) {
  judge::Tally tally;
  std::vector<std::string> different;
  for (std::string line; std::getline(std::cin, line);) {
    const auto observed = nlohmann::json::parse(line, nullptr, false);
    if (observed.is_discarded()) return kMalformed;
    const Name name = Name::parse(observed["name"].get<std::string>());
    ++tally["sequences"];
    judge::count(observed, tally);
    ++tally[fmt::format("length {}", observed["steps"].size())];
    const auto why = judge::disagreement(name.perform(), observed);
    if (!why) continue;
    ++tally["disagreements"];
    different.push_back(name.describe());
    if (different.size() <= kMostShown) fmt::print("DIFFERENT: {}: {}\n", name.describe(), *why);
  }
  std::ofstream file(tally_file);
  file << nlohmann::json(tally).dump(1) << '\n';
  for (const std::string& name : different) fmt::print("different {}\n", name);
  return different.empty() ? 0 : kDisagreed;
}

int table(const std::vector<std::string>& files) {
  judge::Tally all;
  for (const std::string& file : files) {
    std::ifstream in(file);
    const auto tally = nlohmann::json::parse(in, nullptr, false);
    if (tally.is_discarded()) {
      fmt::print(stderr, "driver_judge: {} is no tally\n", file);
      return kMalformed;
    }
    for (const auto& [key, times] : tally.items()) all[key] += times.get<std::int64_t>();
  }
  std::vector<std::int64_t> lengths;
  for (const auto& [key, times] : all) {
    if (key.starts_with("length "))
      lengths.insert(lengths.end(), static_cast<std::size_t>(times), std::stoll(key.substr(7)));
  }
  std::ranges::sort(lengths);
  fmt::print("{}", judge::table(all));
  fmt::print("sequences {}, steps {}, median {} steps, disagreements {}\n", all["sequences"],
             all["steps"], lengths.empty() ? 0 : lengths[lengths.size() / 2], all["disagreements"]);
  return all["disagreements"] == 0 ? 0 : kDisagreed;
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  const auto is = [&](const char* verb, std::size_t size) {
    return words.size() == size && words[0] == verb;
  };
  if (is("ask", 3)) return ask(std::stoull(words[1]), std::stoull(words[2]));
  if (is("smaller", 2)) return smaller(Name::parse(words[1]));
  if (is("one", 2)) return one(Name::parse(words[1]));
  if (is("show", 2)) return show(Name::parse(words[1]));
  if (is("compare", 2)) return compare(words[1]);
  if (words.size() > 1 && words[0] == "table") return table({words.begin() + 1, words.end()});
  fmt::print(stderr,
             "usage: driver_judge ask FIRST COUNT | smaller NAME | one NAME | show NAME | compare "
             "TALLY | table TALLY…\n");
  return kUsage;
}
