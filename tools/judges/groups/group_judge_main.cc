#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "tools/judges/groups/assignor_cases.h"
#include "tools/judges/groups/steps.h"

// Our side of `tools/conformance groups`: makes sequences, does them, and compares with what
// Kafka's own coordinator did.
//
//   group_judge ask FIRST COUNT           the sequences of these seeds, a line each, for GroupJudge
//   group_judge smaller NAME              the same for what is left of a sequence when more is left out
//   group_judge one NAME                  one sequence
//   group_judge show NAME                 what ours does with it, step by step
//   group_judge compare TALLY < OBSERVED  says where both differ; leaves counts in the file TALLY
//   group_judge table TALLY…              the counts of several such files as one table
//   group_judge ask-assignors COUNT       random groups and topics, for AssignorJudge
//   group_judge compare-assignors < OBSERVED
//
// NAME is s17, or s17-w3.8: of seed 17, without steps 3 and 8. Exit codes: 0 agreed, 1 not, 2 agreed
// and a request never met a group in one of its states, 3 usage, 4 unreadable input.
namespace {

using judge::Json;
using judge::Name;

constexpr int kDisagreed = 1;
constexpr int kNotMet = 2;
constexpr int kUsage = 3;
constexpr int kMalformed = 4;
constexpr int kMostShown = 20;

int ask(std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t seed = first; seed < first + count; ++seed)
    std::cout << judge::perform(Name{.seed = seed}).sequence.dump() << '\n' << std::flush;
  return 0;
}

// Runs of the steps that are left, the longest first.
int smaller(const Name& name) {
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < judge::step_count(name.seed); ++i) {
    if (!name.without.contains(i)) left.push_back(i);
  }
  for (std::size_t length = (left.size() + 1) / 2; length > 0; length /= 2) {
    for (std::size_t at = 0; at < left.size(); at += length) {
      Name candidate = name;
      for (std::size_t i = at; i < std::min(left.size(), at + length); ++i)
        candidate.without.insert(left[i]);
      std::cout << judge::perform(candidate).sequence.dump() << '\n';
    }
  }
  return 0;
}

int show(const Name& name) {
  const judge::Performed performed = judge::perform(name);
  for (std::size_t i = 0; i < performed.seen.size(); ++i) {
    fmt::print("{} {}\n", i, performed.sequence["steps"][i].dump());
    for (const char* part : {"answers", "appends", "groups"})
      fmt::print("    {} {}\n", part, performed.seen[i][part].dump());
  }
  return 0;
}

// What may differ is named in README.md: the order of answers within a step, and of the groups that
// a clean-up walks over.
Json comparable(Json seen, const std::string& kind) {
  seen.erase("thrown");
  auto& answers = seen["answers"];
  std::sort(answers.begin(), answers.end(), [](const Json& a, const Json& b) {
    return a["request"].get<int>() < b["request"].get<int>();
  });
  if (kind == "cleanup" || kind == "partitionsDeleted" || kind == "delete")
    std::sort(seen["appends"].begin(), seen["appends"].end());
  return seen;
}

std::optional<std::string> disagreement(const judge::Performed& performed, const Json& observed) {
  const Json& steps = performed.sequence["steps"];
  if (observed["steps"].size() != steps.size()) return "it did not come to an end";
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string kind = steps[i]["do"].get<std::string>();
    const Json ours = comparable(performed.seen[i], kind);
    const Json theirs = comparable(observed["steps"][i], kind);
    if (ours == theirs) continue;
    return fmt::format("step {} {}\n  differs in {}\n  Kafka threw {}", i, steps[i].dump(),
                       Json::diff(ours, theirs).dump(), observed["steps"][i]["thrown"].dump());
  }
  return std::nullopt;
}

int compare(const std::string& tally_file) {
  judge::Tally tally;
  std::vector<std::string> different;
  for (std::string line; std::getline(std::cin, line);) {
    const Json observed = Json::parse(line, nullptr, false);
    if (observed.is_discarded()) return kMalformed;
    const Name name = Name::parse(observed["name"].get<std::string>());
    const judge::Performed performed = judge::perform(name);
    ++tally["sequences"];
    tally["steps"] += static_cast<std::int64_t>(performed.seen.size());
    for (const auto& [key, times] : performed.tally) tally[key] += times;
    for (const Json& step : observed["steps"]) {
      for (const Json& thrown : step["thrown"])
        ++tally["Kafka threw " + thrown.get<std::string>().substr(0, 40)];
      tally["records"] += static_cast<std::int64_t>(step["appends"].size());
    }
    const auto why = disagreement(performed, observed);
    if (!why) continue;
    ++tally["disagreements"];
    different.push_back(name.describe());
    if (different.size() <= kMostShown) fmt::print("DIFFERENT: {}: {}\n", name.describe(), *why);
  }
  std::ofstream file(tally_file);
  file << Json(tally).dump(1) << '\n';
  for (const std::string& name : different) fmt::print("different {}\n", name);
  return different.empty() ? 0 : kDisagreed;
}

// Each request must have met each state.
int check_coverage(const judge::Tally& all) {
  int missing = 0;
  for (const char* request : {"JoinGroup", "SyncGroup", "Heartbeat", "LeaveGroup", "OffsetCommit",
                              "OffsetFetch", "DescribeGroups", "DeleteGroups", "OffsetDelete"}) {
    for (const char* state : {"no group", "Empty", "PreparingRebalance", "CompletingRebalance",
                              "Stable", "loading", "not here"}) {
      if (all.contains(fmt::format("{} × {}", request, state))) continue;
      fmt::print("never met: {} × {}\n", request, state);
      ++missing;
    }
  }
  return missing;
}

int table(const std::vector<std::string>& files) {
  judge::Tally all;
  for (const std::string& file : files) {
    std::ifstream in(file);
    const Json tally = Json::parse(in, nullptr, false);
    if (tally.is_discarded()) {
      fmt::print(stderr, "group_judge: {} is no tally\n", file);
      return kMalformed;
    }
    for (const auto& [key, times] : tally.items()) all[key] += times.get<std::int64_t>();
  }
  std::vector<std::int64_t> lengths;
  for (const auto& [key, times] : all) {
    if (key.starts_with("length ")) {
      lengths.insert(lengths.end(), static_cast<std::size_t>(times), std::stoll(key.substr(7)));
    } else {
      fmt::print("{:>9}  {}\n", times, key);
    }
  }
  std::ranges::sort(lengths);
  fmt::print("sequences {}, requests {}, median {} requests, disagreements {}\n", all["sequences"],
             all["requests"], lengths.empty() ? 0 : lengths[lengths.size() / 2],
             all["disagreements"]);
  if (all["disagreements"] != 0) return kDisagreed;
  return check_coverage(all) == 0 ? 0 : kNotMet;
}

int ask_assignors(std::uint64_t count) {
  for (std::uint64_t seed = 1; seed <= count; ++seed)
    std::cout << judge::assignor_case(seed).dump() << '\n';
  return 0;
}

int compare_assignors() {
  std::uint64_t compared = 0;
  int different = 0;
  for (std::string line; std::getline(std::cin, line); ++compared) {
    const Json answered = Json::parse(line, nullptr, false);
    if (answered.is_discarded()) return kMalformed;
    const auto why = judge::assigned_otherwise(answered);
    if (why && ++different <= kMostShown) fmt::print("DIFFERENT: {}\n", *why);
  }
  fmt::print("assignments by range and roundrobin {}, disagreements {}\n", compared, different);
  return different == 0 ? 0 : kDisagreed;
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  const auto is = [&](const char* verb, std::size_t size) {
    return words.size() == size && words[0] == verb;
  };
  if (is("ask", 3)) return ask(std::stoull(words[1]), std::stoull(words[2]));
  if (is("smaller", 2)) return smaller(Name::parse(words[1]));
  if (is("one", 2)) {
    std::cout << judge::perform(Name::parse(words[1])).sequence.dump() << '\n';
    return 0;
  }
  if (is("show", 2)) return show(Name::parse(words[1]));
  if (is("ask-assignors", 2)) return ask_assignors(std::stoull(words[1]));
  if (is("compare-assignors", 1)) return compare_assignors();
  if (is("compare", 2)) return compare(words[1]);
  if (words.size() > 1 && words[0] == "table") return table({words.begin() + 1, words.end()});
  fmt::print(stderr,
             "usage: group_judge ask FIRST COUNT | smaller NAME | one NAME | show NAME | compare "
             "TALLY | table TALLY… | ask-assignors COUNT | compare-assignors\n");
  return kUsage;
}
