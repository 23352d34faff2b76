#include "migrate/status/driver_guess.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "zk/paths.h"

namespace migrate {
namespace {

using enum MigrationDriverState;
using sim::ZkMigrationState;

DriverGuess running(MigrationDriverState state, std::string because) {
  return {.presence = DriverPresence::Running, .state = state, .because = std::move(because)};
}
DriverGuess no_driver(std::string because) {
  return {.presence = DriverPresence::None, .because = std::move(because)};
}
DriverGuess unknown_driver(std::string because) {
  return {.presence = DriverPresence::Unknown, .because = std::move(because)};
}

bool any_controller_has_flag(const ClusterFacts& facts) {
  return std::ranges::any_of(facts.controllers(), [](const NodeFacts* node) {
    return node->config && node->config->migration_enabled();
  });
}

// ── Before the claim ────────────────────────────────────────────────────────────────────────────

// Why the controllers are not ready, as the driver asks. Empty: they are, or nobody looks.
std::string controllers_not_ready(const ClusterFacts& facts, const sim::MetadataImage& image) {
  const std::set<sim::BrokerId> voters = voters_not_ready(facts, image);
  if (voters.empty()) {
    const auto off = controllers_without_flag(facts);
    return off.empty() || !driver_asks_voters(facts)
               ? std::string()
               : fmt::format("{} answers that it does not migrate: its file is without the flag",
                             off.front()->name);
  }
  const sim::BrokerId id = *voters.begin();
  return fmt::format("controller {} {}", id.value(),
                     image.cluster().controller(id) == nullptr
                         ? "has not registered"
                         : "registered without the migration flag");
}

// Why the brokers are not (§6.4): each that lives, and each that has a replica, has registered in
// ZooKeeper mode.
std::string brokers_not_ready(const ZooKeeperFacts& zookeeper, const sim::MetadataImage& image) {
  if (image.cluster().brokers.empty()) return "no broker has registered with the controllers";
  if (zookeeper.view.brokers.empty()) return "no broker is registered in ZooKeeper";
  const auto waits = [&](sim::BrokerId id) {
    const auto* registration = image.cluster().broker(id);
    return registration == nullptr || !registration->is_migrating_zk_broker;
  };
  for (const auto& [id, broker] : zookeeper.view.brokers) {
    if (waits(id))
      return fmt::format("broker {} lives and has not registered in ZooKeeper mode", id.value());
  }
  for (const auto& topic : zookeeper.image.topics()) {
    for (const auto& [id, partition] : topic.partitions()) {
      const auto ghost = std::ranges::find_if(partition.replicas, waits);
      if (ghost != partition.replicas.end())
        return fmt::format("broker {} has a replica of {}-{} and has not registered",
                           ghost->value(), topic.name(), id.value());
    }
  }
  return {};
}

DriverGuess waiting(const ClusterFacts& facts, const MetadataFacts& log) {
  if (!facts.zookeeper)
    return unknown_driver(
        "the log is in state PRE_MIGRATION, and without ZooKeeper's files "
        "nobody can say what it waits for");
  if (!facts.zookeeper->view.migration)
    return running(Uninitialized,
                   "the log is in state PRE_MIGRATION, and /migration, which a driver makes "
                   "first of all, is not there");
  if (std::string why = controllers_not_ready(facts, log.image); !why.empty())
    return running(WaitForControllerQuorum, std::move(why));
  if (std::string why = brokers_not_ready(*facts.zookeeper, log.image); !why.empty())
    return running(WaitForBrokers, std::move(why));
  return running(BecomeController,
                 "the log is in state PRE_MIGRATION, every broker has registered, and /controller "
                 "is not the quorum leader's");
}

// ── After it ────────────────────────────────────────────────────────────────────────────────────

struct Claim {
  sim::BrokerId controller;
  sim::RaftEpoch epoch;
  std::int64_t timestamp_ms = 0;
};

std::optional<Claim> claim_in(const ZooKeeperFacts& zookeeper) {
  const auto& controller = zookeeper.view.controller;
  if (!controller || !controller->znode.is_kraft()) return std::nullopt;
  return Claim{controller->znode.broker, *controller->znode.kraft_controller_epoch,
               controller->znode.timestamp_ms};
}

// The claim stands and nothing newer is known: how far has its driver come?
DriverGuess after_claim(const ClusterFacts& facts, const Claim& claim) {
  const auto& migration = facts.zookeeper->view.migration;
  const MetadataFacts* log = facts.latest();
  const std::string claimed = fmt::format("controller {} claimed the cluster with epoch {}",
                                          claim.controller.value(), claim.epoch.value());
  if (!migration) return unknown_driver(claimed + ", and /migration cannot be read");
  const zk::MigrationZnode& checkpoint = migration->znode;
  const std::string reached =
      fmt::format("/migration has offset {} of epoch {}", checkpoint.kraft_metadata.offset.value(),
                  checkpoint.kraft_metadata.epoch.value());
  const bool copied =
      log != nullptr && log->image.features().zk_migration_state == ZkMigrationState::Migration;
  if (!checkpoint.initial_migration_complete()) {
    if (!copied) return running(ZkMigration, fmt::format("{}, and {}", claimed, reached));
    return running(Inactive, fmt::format("{}; the log says MIGRATION and {}: every controller "
                                         "that becomes active refuses to go on",
                                         claimed, reached));
  }
  const bool of_the_copy = log != nullptr && log->migration_state_at &&
                           checkpoint.kraft_metadata.offset <= log->migration_state_at->next();
  // Whoever mirrors writes it. Releases before 3.9 do not at the claim, and a new quorum may count
  // from epoch 1 again, as the one did whose checkpoint was left.
  const zk::Znode* const controller = facts.zookeeper->znode(zk::paths::kController);
  const zk::Znode* const checkpoint_znode = facts.zookeeper->znode(zk::paths::kMigration);
  if (controller != nullptr && checkpoint_znode != nullptr &&
      checkpoint_znode->stat.mzxid < controller->stat.czxid)
    return running(SyncKraftToZk,
                   fmt::format("{}, and {}: nobody has written it since", claimed, reached));
  if (checkpoint.kraft_metadata.epoch < claim.epoch || (copied && of_the_copy))
    return running(SyncKraftToZk,
                   fmt::format("{}, and {}: it has not moved on since", claimed, reached));
  return running(DualWrite, fmt::format("{}, and {}, which is of that epoch", claimed, reached));
}

DriverGuess led_by_claim(const ClusterFacts& facts, const Claim& claim) {
  const MetadataFacts* log = facts.latest();
  if (log == nullptr || log->end.epoch <= claim.epoch) {
    DriverGuess guess = after_claim(facts, claim);
    guess.claimed_ms = claim.timestamp_ms;
    return guess;
  }
  const std::string newer =
      fmt::format("the quorum's epoch is {}, and /controller was claimed with epoch {}",
                  log->end.epoch.value(), claim.epoch.value());
  const auto& migration = facts.zookeeper->view.migration;
  const bool copied = migration && migration->znode.initial_migration_complete();
  if (log->image.features().zk_migration_state == ZkMigrationState::Migration)
    return copied ? running(BecomeController, newer)
                  : running(Inactive, newer +
                                          "; the log says MIGRATION, and /migration that "
                                          "nothing was copied: it refuses to go on");
  return waiting(facts, *log);
}

// ── Without a leader ────────────────────────────────────────────────────────────────────────────

// Controllers look for a leader in an epoch in which none of them knows one, above every log's. If
// others know nothing of that epoch, they are dead or alive: who looks may be cut off, or all that
// is left.
std::optional<DriverGuess> without_leader(const ClusterFacts& facts, const MetadataFacts& latest) {
  sim::RaftEpoch newest = latest.end.epoch;
  for (const MetadataFacts& each : facts.metadata) {
    if (each.quorum) newest = std::max(newest, each.quorum->epoch);
  }
  if (newest == latest.end.epoch) return std::nullopt;
  const MetadataFacts* looks = nullptr;
  const MetadataFacts* unaware = nullptr;
  for (const MetadataFacts& each : facts.metadata) {
    if (!each.quorum || each.quorum->epoch < newest) {
      unaware = &each;
    } else if (each.quorum->leader) {
      return std::nullopt;
    } else {
      looks = &each;
    }
  }
  std::string because = fmt::format("{} knows of no leader in epoch {}, above every log's",
                                    looks->source, newest.value());
  if (unaware == nullptr)
    return running(Inactive, because + ": no controller leads, and every driver rests");
  return unknown_driver(
      fmt::format("{}, and {} knows nothing of that epoch: the first is cut off, "
                  "or the quorum has lost its majority",
                  because, unaware->source));
}

}  // namespace

DriverGuess guess_driver(const ClusterFacts& facts) {
  const MetadataFacts* log = facts.latest();
  const auto state =
      log == nullptr ? ZkMigrationState::None : log->image.features().zk_migration_state;
  if (state == ZkMigrationState::PostMigration) {
    if (any_controller_has_flag(facts))
      return running(Inactive,
                     "the migration is finalised; controllers that still have the flag "
                     "ignore it");
    return no_driver("the migration is finalised, and no controller has the flag");
  }
  if (log != nullptr && facts.phase != Phase::R2) {
    if (auto guess = without_leader(facts, *log)) return *std::move(guess);
  }
  if (facts.zookeeper) {
    if (const auto claim = claim_in(*facts.zookeeper)) return led_by_claim(facts, *claim);
    if (facts.phase == Phase::R2)
      return no_driver(
          "no KRaft controller has a claim in /controller: the cluster was taken back");
  }
  if (log == nullptr) {
    if (!facts.zookeeper || facts.zookeeper->view.migration)
      return unknown_driver("no controller's metadata log is there to tell");
    return no_driver("there is no /migration, which a driver makes first of all");
  }
  if (state == ZkMigrationState::None)
    return running(Inactive,
                   "the log is in state NONE: the quorum was started without the flag, "
                   "and refuses it from then on");
  if (state == ZkMigrationState::Migration && !facts.zookeeper)
    return unknown_driver(
        "the log is in state MIGRATION; how far ZooKeeper has followed, its "
        "files would tell");
  if (state == ZkMigrationState::Migration)
    return running(BecomeController,
                   "the log is in state MIGRATION, and no KRaft controller has a claim");
  return waiting(facts, *log);
}

}  // namespace migrate
