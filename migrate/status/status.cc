#include "migrate/status/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "migrate/check/evidence.h"
#include "sim/base/check.h"
#include "zk/paths.h"

namespace migrate {
namespace {

// Which checks see which hazard. A check that does not apply in the phase says nothing.
struct WedgeRule {
  std::string_view check;
  std::string_view hazard;
  WedgeKind kind;
};
constexpr std::array kWedgeRules{
    WedgeRule{"B09", "migration.md §6.2", WedgeKind::Stuck},
    WedgeRule{"B13", "MB-16", WedgeKind::Stuck},
    WedgeRule{"D01", "MB-01", WedgeKind::Destroys},
    WedgeRule{"N17", "MB-01", WedgeKind::Destroys},
    WedgeRule{"D02", "KAFKA-19480", WedgeKind::Stuck},
    WedgeRule{"G07", "migration.md §1.5", WedgeKind::Stuck},
    WedgeRule{"H01", "MB-15", WedgeKind::Stuck},
    WedgeRule{"N11", "migration.md §6.3", WedgeKind::Stuck},
    WedgeRule{"N01", "MB-02", WedgeKind::Destroys},
    WedgeRule{"N02", "MB-21", WedgeKind::Trap},
    WedgeRule{"N03", "MB-11", WedgeKind::Trap},
    WedgeRule{"N05", "MB-22", WedgeKind::Stuck},
    WedgeRule{"N06", "MB-08", WedgeKind::Trap},
    WedgeRule{"N07", "MB-06", WedgeKind::Stuck},
    WedgeRule{"N08", "MB-04", WedgeKind::Stuck},
    WedgeRule{"N09", "MB-07", WedgeKind::Stuck},
    WedgeRule{"N10", "MB-03", WedgeKind::Stuck},
    WedgeRule{"N16", "MB-24", WedgeKind::Stuck},
};

// What waits for a controller to start harms nobody while none runs; a trap shuts when the
// reconcile that cannot pass it is the one that runs. A controller without the flag holds up the
// driver that looks at it; where it does not, that controller's own turn to lead is the trap.
WedgeKind kind_of(const WedgeRule& rule, Phase phase, const DriverGuess& driver) {
  if (phase == Phase::S0 || phase == Phase::R2) return WedgeKind::Trap;
  if (rule.check == "N11" && driver.state &&
      *driver.state != MigrationDriverState::WaitForControllerQuorum)
    return WedgeKind::Trap;
  const bool has_shut = (rule.check == "N02" || rule.check == "N03") &&
                        driver.state == MigrationDriverState::SyncKraftToZk;
  return has_shut ? WedgeKind::Stuck : rule.kind;
}

// Before the first roll a broker that is missing holds nobody up yet, and until the migration is
// finalised nobody is left behind.
bool applies(const WedgeRule& rule, Phase phase) {
  if (rule.check == "H01") return phase == Phase::S7 || phase == Phase::S8;
  return rule.check != "B13" || phase == Phase::S1 || phase == Phase::S2;
}

void row(std::vector<Evidence>& rows, std::string_view where, std::string shows) {
  rows.push_back({std::string(where), std::move(shows)});
}

void see_zookeeper(const ZooKeeperFacts& zookeeper, std::vector<Evidence>& rows) {
  const auto& view = zookeeper.view;
  if (!view.controller) {
    row(rows, zk::paths::kController, "not there: nobody leads");
  } else if (const auto& znode = view.controller->znode; znode.is_kraft()) {
    row(rows, zk::paths::kController,
        fmt::format("KRaft controller {}, claimed with epoch {}", znode.broker.value(),
                    znode.kraft_controller_epoch->value()));
  } else {
    row(rows, zk::paths::kController, fmt::format("broker {}", znode.broker.value()));
  }
  const auto& highest = view.highest_partition_controller_epoch;
  row(rows, zk::paths::kControllerEpoch,
      fmt::format("{}; the highest in a partition's state is {}",
                  view.controller_epoch ? std::to_string(view.controller_epoch->value())
                                        : std::string("not there"),
                  highest ? std::to_string(highest->value()) : std::string("none")));
  if (!view.migration) {
    row(rows, zk::paths::kMigration,
        zookeeper.znode(zk::paths::kMigration) == nullptr ? "not there" : "cannot be read");
  } else {
    const auto& at = view.migration->znode.kraft_metadata;
    row(rows, zk::paths::kMigration,
        view.migration->znode.initial_migration_complete()
            ? fmt::format("mirrored up to offset {} of epoch {}", at.offset.value(),
                          at.epoch.value())
            : std::string("nothing copied yet"));
  }
  std::vector<sim::BrokerId> living;
  for (const auto& [id, broker] : view.brokers) living.push_back(id);
  row(rows, zk::paths::kBrokerIds, living.empty() ? "no broker" : "brokers " + joined(living));
}

void see_log(const MetadataFacts& log, std::vector<Evidence>& rows) {
  const auto& image = log.image;
  rows.push_back(
      in_log(log, fmt::format("state {}, ends with offset {} of epoch {}{}",
                              sim::name_of(image.features().zk_migration_state),
                              log.end.offset.value() - 1, log.end.epoch.value(),
                              log.leader ? fmt::format(", led by {}", log.leader->value()) : "")));
  std::vector<sim::BrokerId> zookeeper_mode;
  std::vector<sim::BrokerId> kraft_mode;
  std::vector<sim::BrokerId> fenced;
  for (const auto& broker : image.cluster().brokers) {
    (broker.is_migrating_zk_broker ? zookeeper_mode : kraft_mode).push_back(broker.broker_id);
    if (broker.fenced) fenced.push_back(broker.broker_id);
  }
  const auto listed = [](const std::vector<sim::BrokerId>& ids) {
    return ids.empty() ? std::string("none") : joined(ids);
  };
  rows.push_back(
      in_log(log, fmt::format("brokers in ZooKeeper mode: {}; in KRaft mode: {}; "
                              "fenced: {}",
                              listed(zookeeper_mode), listed(kraft_mode), listed(fenced))));
  std::vector<sim::BrokerId> ready;
  std::vector<sim::BrokerId> unready;
  for (const auto& each : image.cluster().controllers)
    (each.zk_migration_ready ? ready : unready).push_back(each.controller_id);
  rows.push_back(in_log(log, fmt::format("controllers with the migration flag: {}; without: {}",
                                         listed(ready), listed(unready))));
  if (log.open_transaction)
    rows.push_back(in_log(log, fmt::format("transaction '{}' is open", *log.open_transaction)));
}

}  // namespace

std::vector<Evidence> standing(const ClusterFacts& facts) {
  std::vector<Evidence> rows;
  if (facts.zookeeper) {
    see_zookeeper(*facts.zookeeper, rows);
  } else {
    row(rows, "ZooKeeper", "no files of it");
  }
  if (const MetadataFacts* log = facts.latest()) {
    see_log(*log, rows);
  } else {
    row(rows, "metadata log", "none");
  }
  return rows;
}

std::string_view name_of(WedgeKind kind) {
  switch (kind) {
    case WedgeKind::Stuck:
      return "stuck";
    case WedgeKind::Trap:
      return "trap";
    case WedgeKind::Destroys:
      return "destroys";
  }
  sim::unreachable("a wedge is of one of these kinds");
}

std::string_view name_of(StatusVerdict verdict) {
  switch (verdict) {
    case StatusVerdict::Healthy:
      return "healthy";
    case StatusVerdict::AtRisk:
      return "at risk";
    case StatusVerdict::Wedged:
      return "wedged";
    case StatusVerdict::Unknown:
      return "unknown";
  }
  sim::unreachable("a status has one of these verdicts");
}

StatusVerdict Status::verdict() const {
  const auto is_trap = [](const Wedge& wedge) { return wedge.kind == WedgeKind::Trap; };
  if (!std::ranges::all_of(wedges, is_trap)) return StatusVerdict::Wedged;
  if (!wedges.empty()) return StatusVerdict::AtRisk;
  if (!missing.empty() || driver.presence == DriverPresence::Unknown) return StatusVerdict::Unknown;
  return StatusVerdict::Healthy;
}

Status status_of(const ClusterFacts& facts) {
  Status status{
      .driver = guess_driver(facts), .seen = standing(facts), .wedges = {}, .missing = {}};
  for (const WedgeRule& rule : kWedgeRules) {
    const Check* check = find_check(rule.check);
    sim::check(check != nullptr, "a wedge is found by a check of the registry");
    if (!applies(rule, facts.phase)) continue;
    CheckResult result = run_check(*check, facts);
    const WedgeKind kind = kind_of(rule, facts.phase, status.driver);
    for (Finding& finding : result.findings)
      status.wedges.push_back({rule.hazard, kind, check, std::move(finding)});
    for (std::string& missing : result.missing) {
      if (std::ranges::find(status.missing, missing) == status.missing.end())
        status.missing.push_back(std::move(missing));
    }
  }
  return status;
}

}  // namespace migrate
