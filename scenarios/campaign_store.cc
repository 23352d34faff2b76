#include "scenarios/campaign_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "sim/base/check.h"

namespace scenarios {
namespace {

// SQLite's field in the header of a file for who made it: "z2kC"; and the version of the tables
// below.
constexpr std::int64_t kApplication = 0x7a326b43;
constexpr std::int64_t kTables = 2;

constexpr const char* kMakeTables = R"(
CREATE TABLE campaign(name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE seed(
  seed INTEGER PRIMARY KEY,
  verdict TEXT NOT NULL CHECK (verdict IN ('good', 'finding', 'unknown')),
  home TEXT NOT NULL,          -- of what came first: an invariant, goal, never came, bug; '' if good
  what TEXT NOT NULL,          -- home included
  digest TEXT NOT NULL,        -- of the run, 16 hexadecimal digits
  events INTEGER NOT NULL,
  simulated_ms INTEGER NOT NULL,
  violated TEXT NOT NULL,      -- ["broker.P1", …]
  known TEXT NOT NULL,         -- ["MB-22", …]: expected of the simulated version
  faults TEXT NOT NULL,        -- ["crash zk:leader at 12s for 5s", …]: drawn for this seed
  phases_ms TEXT NOT NULL,     -- {"S4": 31250, …}
  losses TEXT NOT NULL,        -- {"E-LRS": 3, …}
  coverage TEXT NOT NULL,      -- {"notices": {"kraft.VoteGranted": 12, …}, "faults": {…}, …}
  checks TEXT NOT NULL);       -- {"broker.P1": 9041, …}
CREATE VIEW result AS
  SELECT seed.*, (SELECT value FROM campaign WHERE name = 'replay') || ' --seed ' || seed AS replay FROM seed;
)";

constexpr std::string_view kInsert =
    "INSERT OR IGNORE INTO seed VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)";
constexpr std::string_view kSelect =
    "SELECT verdict, what, digest, events, simulated_ms, violated, known, faults, phases_ms, "
    "losses, coverage, "
    "checks FROM seed WHERE seed = ?1";

// Rows of a range, bound as ?1 and ?2 (both included).
constexpr std::string_view kVerdicts =
    "SELECT verdict, count(*), sum(events) FROM seed WHERE seed BETWEEN ?1 AND ?2 GROUP BY verdict";
// SQLite takes the other columns of a row with min() from the row that has the minimum.
constexpr std::string_view kFindings =
    "SELECT home, count(*) AS seeds, min(seed), what FROM seed WHERE seed BETWEEN ?1 AND ?2 AND "
    "home <> '' "
    "GROUP BY home ORDER BY seeds DESC, home";
constexpr std::string_view kChecks =
    "SELECT key, sum(value) FROM seed, json_each(checks) WHERE seed BETWEEN ?1 AND ?2 GROUP BY key";
constexpr std::string_view kViolated =
    "SELECT value, count(*) FROM seed, json_each(violated) WHERE seed BETWEEN ?1 AND ?2 GROUP BY "
    "value";
constexpr std::string_view kKnown =
    "SELECT value, count(*) FROM seed, json_each(known) WHERE seed BETWEEN ?1 AND ?2 GROUP BY "
    "value";
constexpr std::string_view kCoverage =
    "SELECT aspect.key, met.key, count(*) FROM seed, json_each(seed.coverage) AS aspect, "
    "json_each(aspect.value) AS met WHERE seed.seed BETWEEN ?1 AND ?2 AND met.value > 0 "
    "GROUP BY aspect.key, met.key";
constexpr std::string_view kLosses =
    "SELECT key, count(*) FROM seed, json_each(losses) WHERE seed BETWEEN ?1 AND ?2 GROUP BY key";

std::int64_t signed_of(std::uint64_t seed) {
  sim::check(seed <= INT64_MAX, "SQLite counts seeds with 63 bits");
  return static_cast<std::int64_t>(seed);
}

std::uint64_t count_of(const SqliteStatement& row, int column) {
  return static_cast<std::uint64_t>(row.number(column));
}

template <class T>
std::string json_of(const T& value) {
  return nlohmann::json(value).dump();
}

template <class T>
T of_json(const std::string& text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  return json.is_discarded() ? T{} : json.get<T>();
}

sim::Problem another(const std::string& path, std::string what) {
  return {sim::Severity::Usage,
          {.source = path},
          "this file holds the results of another campaign: " + std::move(what),
          "Name another file, or run the campaign that this one holds."};
}

// The first line in which two texts differ, said.
std::string difference(const std::string& then, const std::string& now) {
  std::istringstream before(then);
  std::istringstream after(now);
  std::string was;
  std::string is;
  while (true) {
    const bool more_before = static_cast<bool>(std::getline(before, was));
    const bool more_after = static_cast<bool>(std::getline(after, is));
    if (!more_before) was = "nothing";
    if (!more_after) is = "nothing";
    if (was != is || (!more_before && !more_after)) break;
  }
  const auto trimmed = [](const std::string& line) {
    return line.substr(std::min(line.find_first_not_of(' '), line.size()));
  };
  return fmt::format("its scenario had '{}' where there is '{}' now.", trimmed(was), trimmed(is));
}

sim::Expected<std::map<std::string, std::string>> stored_identity(Sqlite& database) {
  auto rows = database.prepare("SELECT name, value FROM campaign");
  if (!rows) return std::unexpected(rows.error());
  std::map<std::string, std::string> stored;
  while (true) {
    const auto row = rows->step();
    if (!row) return std::unexpected(row.error());
    if (!*row) return stored;
    stored[rows->text(0)] = rows->text(1);
  }
}

std::map<std::string, std::string> to_values(const CampaignIdentity& identity) {
  return {{"scenario", identity.scenario},
          {"scenario.text", identity.scenario_text},
          {"source", identity.source},
          {"source.digest", fmt::format("{:016x}", identity.source_digest)},
          {"simulator", identity.simulator},
          {"replay", identity.replay}};
}

sim::Expected<void> make(Sqlite& database, const CampaignIdentity& identity) {
  auto insert = database.prepare("INSERT INTO campaign VALUES(?1, ?2)");
  if (!insert) return std::unexpected(insert.error());
  for (const auto& [name, value] : to_values(identity)) {
    if (const auto done = insert->bind(1, name).bind(2, value).step(); !done) {
      return std::unexpected(done.error());
    }
  }
  return database.run(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};", kApplication, kTables)
          .c_str());
}

sim::Expected<void> compare(Sqlite& database, const CampaignIdentity& identity,
                            const std::string& path) {
  auto stored = stored_identity(database);
  if (!stored) return std::unexpected(stored.error());
  std::map<std::string, std::string> now = to_values(identity);
  if ((*stored)["scenario.text"] != now["scenario.text"]) {
    return std::unexpected(
        another(path, difference((*stored)["scenario.text"], now["scenario.text"])));
  }
  if ((*stored)["source.digest"] != now["source.digest"]) {
    return std::unexpected(
        another(path, fmt::format("its cluster was that of {}, which differs from that of {} now.",
                                  (*stored)["source"], now["source"])));
  }
  if ((*stored)["simulator"] != now["simulator"]) {
    return std::unexpected(another(path, fmt::format("it was made by {}, and this is {}.",
                                                     (*stored)["simulator"], now["simulator"])));
  }
  return {};
}

// In one transaction, begun by the caller: the tables with their identity, or proof that they are
// ours.
sim::Expected<void> make_or_compare(Sqlite& database, const CampaignIdentity& identity,
                                    const std::string& path) {
  const auto application = database.number("PRAGMA application_id");
  if (!application) return std::unexpected(application.error());
  const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return std::unexpected(tables.error());
  if (*application == 0 && *tables == 0) {
    if (auto made = database.run(kMakeTables); !made) return made;
    return make(database, identity);
  }
  const auto version = database.number("PRAGMA user_version");
  if (!version) return std::unexpected(version.error());
  if (*application != kApplication || *version != kTables) {
    return std::unexpected(sim::Problem{
        sim::Severity::Malformed,
        {.source = path},
        *application == kApplication
            ? fmt::format(
                  "this campaign's tables are of version {}; this program knows version {}.",
                  *version, kTables)
            : std::string("this is a database, but no campaign's."),
        "Name another file, or a new one."});
  }
  return compare(database, identity, path);
}

}  // namespace

std::uint64_t digest_of(const Initial& initial) {
  sim::Digest digest;
  digest.add(static_cast<std::uint64_t>(initial.beginning));
  initial.database.tree.digest_into(digest);
  sim::digest_into(digest, initial.database.session_timeouts_ms);
  sim::digest_into(digest, initial.chroot);
  sim::digest_into(digest, initial.cluster_id);
  for (const InitialBroker& broker : initial.brokers) {
    sim::digest_into(digest, broker.id);
    sim::digest_into(digest, broker.listeners);
    sim::digest_into(digest, broker.rack);
    sim::digest_into(digest, broker.log_dirs);
    sim::digest_into(digest, broker.session);
    sim::digest_into(digest, broker.zk_epoch);
  }
  sim::digest_into(digest, initial.password_secret);
  sim::digest_into(digest, initial.quorum_epoch);
  return digest.value();
}

sim::Expected<CampaignStore> CampaignStore::open(const std::string& path,
                                                 const CampaignIdentity& identity) {
  auto database = Sqlite::open(path);
  if (!database) return std::unexpected(database.error());
  // A write-ahead log: a row costs no fsync, others may read meanwhile, and a kill loses nothing
  // that was added. (A machine that stops may lose the last rows; they are run again.)
  if (auto ready =
          database->run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE");
      !ready) {
    return std::unexpected(ready.error());
  }
  if (auto ready = make_or_compare(*database, identity, path); !ready) {
    return std::unexpected(ready.error());
  }
  if (auto ready = database->run("COMMIT"); !ready) return std::unexpected(ready.error());
  auto insert = database->prepare(kInsert);
  if (!insert) return std::unexpected(insert.error());
  auto select = database->prepare(kSelect);
  if (!select) return std::unexpected(select.error());
  return CampaignStore(std::move(*database), std::move(*insert), std::move(*select));
}

CampaignStore::~CampaignStore() {
  // Refused while somebody else has the file open: then the last one does it.
  if (database_)
    static_cast<void>(database_.run("PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE"));
}

sim::Expected<void> CampaignStore::add(const SeedResult& result) {
  const auto inserted = insert_.bind(1, signed_of(result.seed))
                            .bind(2, name_of(result.verdict))
                            .bind(3, home_of(result))
                            .bind(4, result.first)
                            .bind(5, fmt::format("{:016x}", result.digest))
                            .bind(6, static_cast<std::int64_t>(result.events))
                            .bind(7, result.simulated_ms)
                            .bind(8, json_of(result.violated))
                            .bind(9, json_of(result.known))
                            .bind(10, json_of(result.faults))
                            .bind(11, json_of(result.phases_ms))
                            .bind(12, json_of(result.losses))
                            .bind(13, json_of(result.coverage))
                            .bind(14, json_of(result.checks))
                            .step();
  if (!inserted) return std::unexpected(inserted.error());
  return {};
}

sim::Expected<std::optional<SeedResult>> CampaignStore::find(std::uint64_t seed) {
  const auto row = select_.bind(1, signed_of(seed)).step();
  if (!row) return std::unexpected(row.error());
  if (!*row) return std::nullopt;
  using Names = std::vector<std::string>;
  using Counts = std::map<std::string, std::uint64_t>;
  SeedResult result{.seed = seed,
                    .verdict = parse_verdict(select_.text(0)).value_or(Verdict::Unknown),
                    .digest = std::stoull("0" + select_.text(2), nullptr, 16),
                    .events = count_of(select_, 3),
                    .first = select_.text(1),
                    .violated = of_json<Names>(select_.text(5)),
                    .known = of_json<Names>(select_.text(6)),
                    .faults = of_json<Names>(select_.text(7)),
                    .phases_ms = of_json<std::map<std::string, std::int64_t>>(select_.text(8)),
                    .losses = of_json<Counts>(select_.text(9)),
                    .simulated_ms = select_.number(4),
                    .coverage = of_json<Coverage>(select_.text(10)),
                    .checks = of_json<Counts>(select_.text(11)),
                    .problem = std::nullopt};
  // The seed is the key: there is no second row, and the statement is free again.
  if (const auto end = select_.step(); !end) return std::unexpected(end.error());
  return result;
}

sim::Expected<std::vector<std::uint64_t>> CampaignStore::missing(std::uint64_t first,
                                                                 std::uint64_t count) {
  std::vector<std::uint64_t> found;
  std::uint64_t next = first;
  const auto there = each("SELECT seed FROM seed WHERE seed BETWEEN ?1 AND ?2 ORDER BY seed", first,
                          count, [&](const SqliteStatement& row) {
                            for (const std::uint64_t seed = count_of(row, 0); next < seed; ++next) {
                              found.push_back(next);
                            }
                            ++next;
                          });
  if (!there) return std::unexpected(there.error());
  for (; next < first + count; ++next) found.push_back(next);
  return found;
}

sim::Expected<CampaignSummary> CampaignStore::summary(std::uint64_t first, std::uint64_t count) {
  CampaignSummary summary;
  nlohmann::json coverage = nlohmann::json::object();
  using Row = const SqliteStatement&;
  const std::pair<std::string_view, std::function<void(Row)>> queries[] = {
      {kVerdicts,
       [&](Row row) {
         summary.verdicts[row.text(0)] = count_of(row, 1);
         summary.seeds += count_of(row, 1);
         summary.events += count_of(row, 2);
       }},
      {kFindings,
       [&](Row row) {
         summary.findings.push_back({row.text(0), count_of(row, 1), count_of(row, 2), row.text(3)});
       }},
      {kChecks, [&](Row row) { summary.invariants[row.text(0)].checked = count_of(row, 1); }},
      {kViolated, [&](Row row) { summary.invariants[row.text(0)].violated = count_of(row, 1); }},
      {kKnown, [&](Row row) { summary.invariants[row.text(0)].known = count_of(row, 1); }},
      {kCoverage, [&](Row row) { coverage[row.text(0)][row.text(1)] = count_of(row, 2); }},
      {kLosses, [&](Row row) { summary.losses[row.text(0)] = count_of(row, 1); }},
  };
  for (const auto& [sql, take] : queries) {
    if (auto done = each(sql, first, count, take); !done) return std::unexpected(done.error());
  }
  summary.coverage = coverage.get<Coverage>();
  return summary;
}

sim::Expected<void> CampaignStore::each(std::string_view sql, std::uint64_t first,
                                        std::uint64_t count,
                                        const std::function<void(const SqliteStatement&)>& row) {
  if (count == 0) return {};
  auto statement = database_.prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  statement->bind(1, signed_of(first)).bind(2, signed_of(first + count - 1));
  while (true) {
    const auto more = statement->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return {};
    row(*statement);
  }
}

}  // namespace scenarios
