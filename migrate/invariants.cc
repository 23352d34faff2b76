#include "migrate/invariants.h"

#include <fmt/format.h>

#include <algorithm>

#include "migrate/differences.h"
#include "zk/migration_reader_tree.h"

namespace migrate {
namespace {

void check_claim(const Claimed& claim, MigrationMemory& memory, Violations& found) {
  const auto [before, is_new] = memory.claims.emplace(claim.zk_controller_epoch, claim.node);
  if (!is_new) {
    found.push_back({"migration.S1", fmt::format("controllers {} and {} both claimed with controller epoch {}",
                                                 before->second.value(), claim.node.value(),
                                                 claim.zk_controller_epoch.value())});
  }
  if (memory.last_claim && (claim.kraft_epoch <= memory.last_claim->kraft_epoch ||
                            claim.zk_controller_epoch <= memory.last_claim->zk_controller_epoch)) {
    found.push_back({"migration.S2",
                     fmt::format("controller {} claimed with KRaft epoch {} and controller epoch {} after {} and {}",
                                 claim.node.value(), claim.kraft_epoch.value(), claim.zk_controller_epoch.value(),
                                 memory.last_claim->kraft_epoch.value(),
                                 memory.last_claim->zk_controller_epoch.value())});
  }
  memory.last_claim = claim;
  memory.checkpoint.reset();
  if (memory.post_migration) {
    found.push_back({"migration.S16", fmt::format("controller {} claimed ZooKeeper after POST_MIGRATION", claim.node.value())});
  }
}

DiffReport compare_with(const sim::MetadataImage& image, const zk::TreeImage& read) {
  return differences({.zookeeper = read.image,
                      .report = read.report,
                      .migration = std::nullopt,
                      .kraft_at_checkpoint = image,
                      .kraft_at_end = image});
}

Violations violations_of(std::string_view invariant, const DiffReport& report) {
  Violations found;
  for (const sim::Difference& difference : report.different) {
    found.push_back({std::string(invariant),
                     fmt::format("{}: ZooKeeper {}, KRaft {}", difference.path, difference.left.value_or("nothing"),
                                 difference.right.value_or("nothing"))});
  }
  return found;
}

void remember(const StateChanged& changed, MigrationMemory& memory) { memory.troubles[changed.node].election = false; }

void remember(const EventFailed& failed, MigrationMemory& memory) {
  MigrationMemory::Trouble& trouble = memory.troubles[failed.node];
  if (failed.event == "KRaftLeaderEvent") trouble.election = true;
  if (failed.event == "MetadataChangeEvent") ++trouble.skipped;
}

Violations what_stops(const Driver& driver, const zk::ClusterView& view, bool election_failed) {
  using enum MigrationDriverState;
  const sim::BrokerId node = driver.node_id();
  Violations found;
  const auto claimed = view.controller ? view.controller->znode.kraft_controller_epoch : std::nullopt;
  const bool owns_controller = claimed && view.controller->znode.broker == node &&
                               *claimed == driver.leadership().kraft_controller_epoch;
  if (driver.state() == BecomeController && owns_controller) {
    found.push_back({"MB-03", fmt::format("controller {} waits to claim /controller, which it has claimed", node.value())});
  }
  const bool in_log = driver.image().features().zk_migration_state == sim::ZkMigrationState::Migration;
  if (driver.state() == Inactive && election_failed) {
    found.push_back({"MB-05", fmt::format("controller {} is active, and its driver never learned of it", node.value())});
  } else if (driver.state() == Inactive && in_log) {
    found.push_back({"MB-07", fmt::format("the log says MIGRATION, /migration {}, and the driver of the active controller "
                                          "{} is INACTIVE",
                                          view.migration && view.migration->znode.initial_migration_complete()
                                              ? "learned of the copy's offset too late"
                                              : "says that nothing was copied",
                                          node.value())});
  }
  if (!view.migration) return found;
  const zk::MigrationZnode& migration = view.migration->znode;
  const bool is_own = migration.kraft_controller_id == node &&
                      migration.kraft_controller_epoch == driver.leadership().kraft_controller_epoch;
  if ((driver.state() == DualWrite || driver.state() == SyncKraftToZk) && driver.idle() && is_own &&
      view.migration->version != driver.leadership().migration_zk_version) {
    found.push_back({"MB-04", fmt::format("controller {} believes /migration to have version {}; its own last write gave it {}",
                                          node.value(), driver.leadership().migration_zk_version.value(),
                                          view.migration->version.value())});
  }
  if (claimed && migration.kraft_controller_epoch < *claimed && driver.state() != BecomeController) {
    found.push_back({"MB-23", fmt::format("/migration was written under KRaft epoch {}, after /controller had been "
                                          "claimed with epoch {}",
                                          migration.kraft_controller_epoch.value(), claimed->value())});
  }
  return found;
}

}  // namespace

Violations check_notice(const sim::Payload& notice, MigrationMemory& memory) {
  Violations found;
  if (const auto* const claim = notice.get_if<Claimed>()) {
    check_claim(*claim, memory, found);
  } else if (const auto* const mirrored = notice.get_if<Mirrored>()) {
    if (memory.last_claim && mirrored->node == memory.last_claim->node) {
      if (memory.checkpoint && mirrored->up_to < *memory.checkpoint) {
        found.push_back({"migration.S7", fmt::format("the checkpoint stepped back from {} to {} within one claim",
                                                     memory.checkpoint->offset.value(), mirrored->up_to.offset.value())});
      }
      memory.checkpoint = mirrored->up_to;
    }
  } else if (const auto* const failed = notice.get_if<EventFailed>()) {
    remember(*failed, memory);
  } else if (const auto* const reconciled = notice.get_if<Reconciled>()) {
    memory.troubles[reconciled->node].skipped = 0;
  } else if (const auto* const changed = notice.get_if<StateChanged>()) {
    remember(*changed, memory);
    if (memory.post_migration && changed->to > MigrationDriverState::WaitForControllerQuorum) {
      found.push_back({"migration.S16", fmt::format("controller {}'s driver went to {} after POST_MIGRATION",
                                                    changed->node.value(), name_of(changed->to))});
    }
  }
  return found;
}

Violations check_copy(const sim::MetadataImage& image, const zk::Tree& tree, const std::string& root,
                      const std::optional<std::string>& password_secret) {
  const zk::TreeImage read = zk::zk_to_image(tree, root, {.password_secret = password_secret});
  return violations_of("migration.S4", compare_with(image, read));
}

Violations check_checkpoint(const sim::MetadataImage& image, const zk::Tree& tree, const std::string& root,
                            const std::optional<std::string>& password_secret) {
  const zk::TreeImage read = zk::zk_to_image(tree, root, {.password_secret = password_secret});
  return violations_of("migration.S5", compare_with(image, read));
}

Violations check_driver(const Driver& driver, const MigrationMemory& memory, const zk::Tree& tree, const std::string& root,
                        const std::optional<std::string>& password_secret) {
  const zk::ClusterView view = zk::cluster_view(tree, root);
  const auto trouble = memory.troubles.find(driver.node_id());
  Violations found = what_stops(driver, view, trouble != memory.troubles.end() && trouble->second.election);
  if (driver.state() != MigrationDriverState::DualWrite || !driver.idle()) return found;
  Violations differences = check_checkpoint(driver.image(), tree, root, password_secret);
  const bool wedged = std::ranges::find(found, "MB-04", &Violation::invariant) != found.end();
  if (wedged || (trouble != memory.troubles.end() && trouble->second.skipped > 0)) {
    for (Violation& difference : differences) difference.invariant = wedged ? "MB-04" : "MB-06";
  }
  found.insert(found.end(), differences.begin(), differences.end());
  return found;
}

}  // namespace migrate
