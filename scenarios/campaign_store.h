#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "scenarios/campaign.h"
#include "scenarios/sqlite.h"

// A campaign's results in one SQLite file, so that a campaign can be interrupted, killed and gone
// on with, and asked questions in SQL while it runs and afterwards:
//
//   campaign(name, value)   what the file belongs to: scenario, source, simulator, the command that
//   replays seed(seed, verdict, …)  a row for each seed that has ended; lists and counts are JSON
//   result                  the same rows, each with the command that replays it (a view)
//
// A row is a transaction: it is there whole or not at all, whatever is killed when. Nothing in it
// says when, where or by how many processes it was made; the same campaign gives the same rows. Two
// processes may fill one file: whichever comes second with a seed brings the same row.
namespace scenarios {

// What results must have in common to stand in one file.
struct CampaignIdentity {
  std::string scenario;       // its file, for people
  std::string scenario_text;  // as printed by print_scenario
  std::string source;         // where the cluster comes from, for people
  std::uint64_t source_digest = 0;
  std::string simulator;  // program, version and format of digests
  std::string replay;     // the command that runs one seed, without " --seed N"; for people
};

// The whole of a cluster's beginning in a number.
std::uint64_t digest_of(const Initial& initial);

// What became of a range of seeds.
struct CampaignSummary {
  struct Finding {
    std::string home;  // an invariant, "goal", "never came", "bug"
    std::uint64_t seeds = 0;
    std::uint64_t first_seed = 0;
    std::string what;  // there
  };
  struct Invariant {
    std::uint64_t checked = 0;   // times, over all seeds
    std::uint64_t violated = 0;  // seeds
    std::uint64_t known = 0;     // seeds in which the violation was expected of the version
  };
  std::uint64_t seeds = 0;
  std::uint64_t events = 0;
  std::map<std::string, std::uint64_t> verdicts;  // seeds
  std::vector<Finding> findings;  // by what came first in a seed, the most frequent first
  std::map<std::string, Invariant> invariants;
  Coverage coverage;                            // seeds in which each was met
  std::map<std::string, std::uint64_t> losses;  // seeds in which each was expected and came
};

class CampaignStore {
 public:
  // Opens the file, or makes it; an empty path keeps all in memory. A Usage problem when the file
  // belongs to another campaign (it says what differs) or cannot be written; Malformed when it is
  // no campaign's file.
  static sim::Expected<CampaignStore> open(const std::string& path,
                                           const CampaignIdentity& identity);
  CampaignStore(CampaignStore&&) = default;
  CampaignStore& operator=(CampaignStore&&) = default;
  // Leaves one file: what SQLite keeps beside it is folded in.
  ~CampaignStore();

  // Keeps a result for good before it returns.
  sim::Expected<void> add(const SeedResult& result);
  sim::Expected<std::optional<SeedResult>> find(std::uint64_t seed);
  // Seeds of a range that have no row yet, ascending.
  sim::Expected<std::vector<std::uint64_t>> missing(std::uint64_t first, std::uint64_t count);
  sim::Expected<CampaignSummary> summary(std::uint64_t first, std::uint64_t count);

 private:
  CampaignStore(Sqlite database, SqliteStatement insert, SqliteStatement select)
      : database_(std::move(database)), insert_(std::move(insert)), select_(std::move(select)) {}
  // Runs a query over a range of seeds and hands on its rows.
  sim::Expected<void> each(std::string_view sql, std::uint64_t first, std::uint64_t count,
                           const std::function<void(const SqliteStatement&)>& row);

  Sqlite database_;
  SqliteStatement insert_;
  SqliteStatement select_;
};

}  // namespace scenarios
