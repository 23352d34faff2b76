#include <fmt/format.h>

#include "migrate/plan/steps.h"

// The way back to ZooKeeper (migration.md §1.5; product list b.7).
namespace migrate {
namespace {

constexpr std::string_view kGate = "back-to-zookeeper.gate";
constexpr std::string_view kStop = "back-to-zookeeper.stop-controllers";
constexpr std::string_view kEpoch = "back-to-zookeeper.epoch";
constexpr std::string_view kDeleteController = "back-to-zookeeper.delete-controller";
constexpr std::string_view kMigration = "back-to-zookeeper.delete-migration";
constexpr std::string_view kWipe = "back-to-zookeeper.wipe";

// The znodes of this cluster, under its chroot.
std::string znode_path(const ClusterFacts& facts, std::string_view path) {
  return (facts.zookeeper ? facts.zookeeper->root : std::string()) + std::string(path);
}

// Where the controller keeps its log, as far as a file tells.
std::string metadata_log_dir(const ClusterFacts& facts, const LaidOutNode& controller) {
  for (const NodeFacts& node : facts.nodes) {
    if (node.name != controller.name || !node.config) continue;
    const std::string dir = node.config->metadata_log_dir();
    if (!dir.empty()) return shell_word(dir);
  }
  return "$METADATA_LOG_DIR";
}

}  // namespace

void Steps::back_to_migration_mode() {
  roll(
      {Stage::BackToMigrationMode,
       "back-to-migration-mode",
       "restart in ZooKeeper mode, with the flag:",
       {znode("/brokers/ids/ID", "it is there", "listener_security_protocol_map"),
        metric("MigratingZkBrokerCount", "one more than before for each")}},
      [&](const LaidOutNode& node) { return restart_commands(node, Stage::BackToMigrationMode); },
      [&](const LaidOutNode& node) {
        return facts_.phase == Phase::R2 ||
               (facts_.phase == Phase::R1 && node.shape == TargetShape::MigratingBroker);
      });
}

void Steps::back_to_zookeeper() {
  const bool stopped = facts_.phase == Phase::R2;
  zk2kraft::PlanStep* step =
      &add(Stage::BackToZooKeeper, std::string(kGate), "ask whether the way back is open now");
  step->add_commands("zk2kraft gate rollback $FLEET");
  *step->add_gates() = command(
      "zk2kraft gate rollback $FLEET",
      "OPEN, or closed by the epoch alone, which the step after the next one raises (KAFKA-20488)");
  *step->add_gates() = metric("ZkWriteBehindLag", "0 on the active controller");
  step->set_done(stopped);

  step = &add(Stage::BackToZooKeeper, std::string(kStop),
              "stop every controller, the active one last");
  step->add_only_if(
      "it is known who is active now: if the active one stops first another one takes over, and "
      "claims ZooKeeper again");
  for (const LaidOutNode* controller : controllers_active_last()) {
    step->add_nodes(controller->name);
    step->add_commands(on_machine(*controller));
    step->add_commands("kafka-server-stop");
  }
  *step->add_gates() = command(
      "jps -l",
      "no controller runs on any of their machines: one that does claims /controller again");
  step->set_done(stopped);

  step = &add(Stage::BackToZooKeeper, std::string(kEpoch),
              "raise the epoch of ZooKeeper's controllers above every epoch that brokers and "
              "partitions have seen");
  step->add_only_if(
      "what 'get' prints is below the number that 'set' writes: it may be raised, never lowered. "
      "The next controller has "
      "/controller_epoch + 1; brokers refuse it if they have heard a higher one, and no leader is "
      "elected for partitions "
      "whose state has a higher one (KAFKA-20488)");
  step->add_commands(
      fmt::format("zookeeper-shell $ZK get {}", znode_path(facts_, "/controller_epoch")));
  step->add_commands(fmt::format("zookeeper-shell $ZK set {} {}",
                                 znode_path(facts_, "/controller_epoch"),
                                 safe_controller_epoch(facts_)));
  *step->add_gates() = znode("/controller_epoch", fmt::format("{}", safe_controller_epoch(facts_)),
                             fmt::format("^{}$", safe_controller_epoch(facts_)));
  step->set_done(stopped);

  step = &add(Stage::BackToZooKeeper, std::string(kDeleteController),
              "let a broker be elected, at once");
  step->add_commands(
      fmt::format("zookeeper-shell $ZK delete {}", znode_path(facts_, "/controller")));
  *step->add_gates() =
      znode("/controller",
            "names a broker; if none is elected, restart the first broker of the next step now",
            "\"kraftControllerEpoch\":-1");
  step->set_done(stopped);

  step = &add(Stage::BackToZooKeeper, std::string(kMigration),
              "forget the attempt: another one would begin where it ended (MB-01, MB-02)");
  step->add_commands(fmt::format("zookeeper-shell $ZK get {}        # keep what it says",
                                 znode_path(facts_, "/migration")));
  step->add_commands(
      fmt::format("zookeeper-shell $ZK delete {}", znode_path(facts_, "/migration")));
  *step->add_gates() = znode("/migration", "is gone", "absent");
  step->set_done(stopped && facts_.zookeeper && !facts_.zookeeper->view.migration);

  roll(
      {Stage::BackToZooKeeper,
       "back-to-zookeeper",
       "restart in ZooKeeper mode, without the flag:",
       {znode("/brokers/ids/ID",
              "it is there; a broker that still takes a KRaft controller for its own needs five "
              "minutes to stop",
              "listener_security_protocol_map")}},
      [&](const LaidOutNode& node) { return restart_commands(node, Stage::BackToZooKeeper); },
      [&](const LaidOutNode& node) {
        return facts_.phase == Phase::R2 && node.shape == TargetShape::ZooKeeperBroker;
      });

  step = &add(Stage::BackToZooKeeper, std::string(kWipe),
              "empty the controllers' log directories: one that starts again writes its old image "
              "over ZooKeeper (MB-02)");
  for (const LaidOutNode& controller : layout_.controllers) {
    step->add_nodes(controller.name);
    step->add_commands(on_machine(controller));
    step->add_commands(
        fmt::format("rm -rf {0}/__cluster_metadata-0 {0}/meta.properties {0}/bootstrap.checkpoint",
                    metadata_log_dir(facts_, controller)));
  }
  step->add_commands(
      "# on brokers before 3.8 only (KAFKA-16463): rm -r $LOG_DIR/__cluster_metadata-0");
  *step->add_gates() =
      command("zk2kraft gate retry $FLEET",
              "OPEN, for files that were taken now, the controllers' too", "exit 0");
}

void Steps::name_ways_back() {
  std::vector<std::string> first_roll;
  std::vector<std::string> last_roll;
  for (const zk2kraft::PlanStep& step : plan_.steps()) {
    if (step.id().starts_with("back-to-migration-mode.")) first_roll.push_back(step.id());
    if (step.id().starts_with("back-to-zookeeper.broker-")) last_roll.push_back(step.id());
  }
  const auto lead_back = [](zk2kraft::PlanStep& step, const std::vector<std::string>& way) {
    for (const std::string& each : way) step.add_way_back(each);
  };
  const auto one = [](std::string_view id) { return std::vector{std::string(id)}; };
  for (zk2kraft::PlanStep& step : *plan_.mutable_steps()) {
    const auto stage = parse_stage(step.stage());
    if (!stage || is_way_back(*stage)) continue;
    if (*stage <= Stage::Upgrade) {
      step.set_way_back_note(
          "restart with the saved server.properties; a release, but not a protocol, can be taken "
          "back");
      continue;
    }
    if (*stage >= Stage::Finalise) {
      step.set_way_back_note(
          *stage == Stage::Finalise
              ? "as long as ZkMigrationState is 1 on every controller: give the flag back to those "
                "that lost it, and go back as from the stage soak; once it is 3 there is no way "
                "back"
              : "none: restoring the backups makes a new cluster of the state that was saved");
      continue;
    }
    if (*stage >= Stage::KRaftMode) lead_back(step, first_roll);
    if (*stage >= Stage::Copy) lead_back(step, one(kGate));
    lead_back(step, one(kStop));
    if (*stage >= Stage::Copy) {
      lead_back(step, one(kEpoch));
      lead_back(step, one(kDeleteController));
    }
    lead_back(step, one(kMigration));
    if (*stage >= Stage::MigrationMode) lead_back(step, last_roll);
    lead_back(step, one(kWipe));
    if (*stage < Stage::Copy) step.set_way_back_note("ZooKeeper leads: /controller stays");
  }
}

}  // namespace migrate
