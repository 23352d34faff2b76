#include "migrate/invariants.h"

#include <fmt/format.h>

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
  } else if (const auto* const changed = notice.get_if<StateChanged>()) {
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

}  // namespace migrate
