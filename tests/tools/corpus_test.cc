#include "tests/tools/corpus/corpus.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/tools/command_line.h"

// Every broken variant of a captured cluster is found under its id, and nothing else that would
// block is said of it. `tools/corpus` shows the table.
namespace {

using tests::Judged;

struct Tally {
  int expected = 0;
  int found = 0;
  int unexpected = 0;  // an error or warning that no row's reason explains
};

std::filesystem::path copy_of_fleet(const std::filesystem::path& from,
                                    const std::filesystem::path& to) {
  namespace fs = std::filesystem;
  fs::remove_all(to);
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(from)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() || name.ends_with(".properties"))
      fs::copy(entry.path(), to / name, fs::copy_options::recursive);
  }
  for (const auto& entry : fs::recursive_directory_iterator(to))
    fs::permissions(entry.path(), fs::perms::owner_all, fs::perm_options::add);
  return to;
}

std::string id_of(const std::string& finding) {
  return finding.substr(0, finding.find(' '));
}

// The findings of a variant that its cluster does not have by itself.
std::set<std::string> new_in(const std::set<std::string>& variant,
                             const std::set<std::string>& base) {
  std::set<std::string> fresh;
  for (const std::string& finding : variant) {
    if (!base.contains(finding)) fresh.insert(finding);
  }
  return fresh;
}

class Corpus {
 public:
  void judge(const tests::CorpusRow& row, const std::string& cluster) {
    ++variants;
    const auto fleet = copy_of_fleet(tests::golden(cluster), scratch_.path() / "fleet");
    const Judged judged = tests::judge_variant(fleet, row.edits);
    const Judged& base = base_of(cluster);
    const auto errors = new_in(judged.errors, base.errors);
    std::set<std::string> ids;
    for (const auto& [now, before] :
         {std::pair(&judged.errors, &base.errors), std::pair(&judged.warnings, &base.warnings),
          std::pair(&judged.notes, &base.notes), std::pair(&judged.unknown, &base.unknown)}) {
      for (const std::string& finding : new_in(*now, *before)) ids.insert(id_of(finding));
    }
    const std::string where =
        fmt::format("corpus.txt:{} on {} ({})", row.line, cluster, judged.phase);
    ask_gates(row, judged, base, errors, where);
    for (const std::string& id : row.expected) {
      Tally& tally = tallies[id];
      ++tally.expected;
      ids.contains(id) ? void(++tally.found) : missed.push_back(where + ": no " + id);
    }
    for (const std::string& finding : errors) {
      if (!row.explains(id_of(finding))) false_errors.push_back(where + ": " + finding);
    }
    for (const std::string& id : ids) {
      if (!row.explains(id) && !id.starts_with('?')) count_unexpected(id, judged, base, where);
    }
  }

  int variants = 0;
  int gates_flipped = 0;                // open on the captured cluster, and closed on the variant
  std::vector<std::string> gates_open;  // that should not be
  std::map<std::string, Tally> tallies;
  std::vector<std::string> missed;
  std::vector<std::string> false_errors;
  std::vector<std::string> beside;  // warnings that no row explains

 private:
  // Notes and what is unknown accuse nobody.
  void count_unexpected(const std::string& id, const Judged& judged, const Judged& base,
                        const std::string& where) {
    for (const auto& [now, before] :
         {std::pair(&judged.errors, &base.errors), std::pair(&judged.warnings, &base.warnings)}) {
      for (const std::string& finding : new_in(*now, *before)) {
        if (id_of(finding) != id) continue;
        ++tallies[id].unexpected;
        beside.push_back(where + ": " + finding);
        return;
      }
    }
  }

  // An open gate, and then an error under an id that may close it: it is open no more.
  void ask_gates(const tests::CorpusRow& row, const Judged& judged, const Judged& base,
                 const std::set<std::string>& errors, const std::string& where) {
    for (const auto& [question, asked] : judged.gates) {
      if (base.gates.at(question).answer != migrate::GateAnswer::Open) continue;
      for (const std::string& finding : errors) {
        const std::string id = id_of(finding);
        if (!row.expected.contains(id) || !asked.closing.contains(id)) continue;
        if (asked.answer == migrate::GateAnswer::Open)
          gates_open.push_back(fmt::format("{}: gate {} is open in spite of {}", where,
                                           migrate::name_of(question), finding));
        else
          ++gates_flipped;
        break;
      }
    }
  }

  const Judged& base_of(const std::string& cluster) {
    const auto known = bases_.find(cluster);
    if (known != bases_.end()) return known->second;
    return bases_[cluster] = tests::judge_variant(tests::golden(cluster), {});
  }

  tests::ScratchFolder scratch_;
  std::map<std::string, Judged> bases_;
};

void print(const Corpus& corpus) {
  Tally all;
  fmt::print("check  variants  found  unexpected  precision  recall\n");
  const auto row = [](const std::string& name, const Tally& tally) {
    const int said = tally.found + tally.unexpected;
    fmt::print("{:<6} {:>8} {:>6} {:>11} {:>9}% {:>6}%\n", name, tally.expected, tally.found,
               tally.unexpected, said == 0 ? 100 : tally.found * 100 / said,
               tally.expected == 0 ? 100 : tally.found * 100 / tally.expected);
  };
  for (const auto& [id, tally] : corpus.tallies) {
    row(id, tally);
    all.expected += tally.expected;
    all.found += tally.found;
    all.unexpected += tally.unexpected;
  }
  row("all", all);
  fmt::print("{} variants; {} open gates closed by what was done\n", corpus.variants,
             corpus.gates_flipped);
  for (const std::string& each : corpus.beside) fmt::print("beside: {}\n", each);
}

TEST(Corpus, EveryBrokenVariantIsFoundUnderItsIdAndNothingElseBlocks) {
  Corpus corpus;
  for (const auto& row : tests::read_corpus(std::filesystem::path(ZK2KRAFT_SOURCE_DIR) /
                                            "tests/tools/corpus/corpus.txt")) {
    std::set<std::string> clusters;
    for (const std::string& pattern : row.clusters)
      for (const std::string& each : tests::fleets_like(pattern)) clusters.insert(each);
    EXPECT_FALSE(clusters.empty()) << "corpus.txt:" << row.line;
    for (const std::string& cluster : clusters) {
      try {
        corpus.judge(row, cluster);
      } catch (const std::runtime_error& problem) {
        ADD_FAILURE() << "corpus.txt:" << row.line << " on " << cluster << ": " << problem.what();
      }
    }
  }
  print(corpus);
  EXPECT_GE(corpus.variants, 150);
  for (const std::string& each : corpus.missed) ADD_FAILURE() << each;
  for (const std::string& each : corpus.false_errors) ADD_FAILURE() << each;
  EXPECT_GE(corpus.gates_flipped, 150);
  for (const std::string& each : corpus.gates_open) ADD_FAILURE() << each;
}

}  // namespace
