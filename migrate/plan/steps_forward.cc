#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "migrate/plan/steps.h"
#include "migrate/releases.h"

// The way forward (migration.md §1.2, §1.3).
namespace migrate {
namespace {

constexpr Release kBridge{3, 9, 0};  // the last line that can migrate

constexpr std::string_view kActiveLog = "controller.log of the active controller";
constexpr std::string_view kActive = "the active controller";
constexpr std::string_view kEvery = "every controller";

zk2kraft::PlanProof of_active(std::string_view name, std::string value) {
  return metric(name, fmt::format("{} on {}", value, kActive), std::string(kActive), value);
}
zk2kraft::PlanProof of_every(std::string_view name, std::string value) {
  return metric(name, fmt::format("{} on {}", value, kEvery), std::string(kEvery), value);
}
zk2kraft::PlanProof logged(std::string line) {
  return log_line(std::string(kActiveLog), std::move(line), std::string(kActive));
}

std::optional<Release> lowest_broker_release(const ClusterFacts& facts) {
  std::optional<Release> lowest;
  for (const NodeFacts* broker : facts.brokers()) {
    const auto release = broker->software ? release_of(*broker->software) : std::nullopt;
    if (release && (!lowest || *release < *lowest)) lowest = release;
  }
  return lowest;
}

const NodeFacts* facts_of(const ClusterFacts& facts, const LaidOutNode& node) {
  for (const NodeFacts* each : facts.brokers()) {
    if (each->name == node.name) return each;
  }
  return nullptr;
}

// Whether the broker says the protocol of the bridge release, as far as is known; unset it follows
// the software.
std::optional<bool> speaks_bridge(const NodeFacts* node) {
  if (node == nullptr || !node->config) return std::nullopt;
  if (node->config->in_kraft_mode()) return true;
  const auto set = node->config->file().get("inter.broker.protocol.version");
  const auto release = release_of(set ? *set : node->software.value_or(""));
  if (!release) return std::nullopt;
  return Release{release->major, release->minor, 0} >= kBridge;
}

std::optional<bool> runs_bridge(const NodeFacts* node) {
  const auto release =
      node == nullptr || !node->software ? std::nullopt : release_of(*node->software);
  if (!release) return std::nullopt;
  return *release >= kBridge;
}

const sim::BrokerRegistration* registration(const ClusterFacts& facts, const LaidOutNode& node) {
  const MetadataFacts* const log = facts.latest();
  return log == nullptr ? nullptr : log->image.cluster().broker(node.id);
}

}  // namespace

void Steps::prepare() {
  zk2kraft::PlanStep* step = &add(Stage::Prepare, "prepare.check", "cure what blocks");
  step->add_commands("zk2kraft check $FLEET");
  *step->add_gates() =
      command("zk2kraft check $FLEET",
              "exits with 0: no finding of severity error, nothing unknown", "exit 0");
  step = &add(Stage::Prepare, "prepare.backup", "save what a rollback needs");
  step->add_commands(
      "tools/collect                     # on every machine; the folders together are $FLEET");
  step->add_commands(
      "cp -a $FLEET $FLEET.before        # ZooKeeper's files, and every server.properties as it "
      "was");
  for (const LaidOutNode& broker : layout_.brokers) step->add_nodes(broker.name);
  *step->add_gates() =
      command("zk2kraft status $FLEET.before", "names every store: it can be read");
  step =
      &add(Stage::Prepare, "prepare.freeze", "agree with the tenants when no metadata may change");
  *step->add_gates() = said_by_a_person(
      "no topic, config, ACL or quota is changed from the first restart with the flag until the "
      "copy is complete "
      "(KAFKA-14805)");
}

void Steps::upgrade() {
  bool software_is_due = false;
  bool protocol_is_due = false;
  std::string unknown;
  for (const LaidOutNode& node : layout_.brokers) {
    const auto runs = runs_bridge(facts_of(facts_, node));
    const auto speaks = speaks_bridge(facts_of(facts_, node));
    software_is_due = software_is_due || runs == false;
    protocol_is_due = protocol_is_due || speaks == false || runs == false;
    if (!runs || !speaks) unknown += (unknown.empty() ? "" : ", ") + node.name;
  }
  const bool started = facts_.phase > Phase::S0;
  if (software_is_due) upgrade_software(started);
  if (protocol_is_due) upgrade_protocol(started);
  if (started || (unknown.empty() && !protocol_is_due)) {
    if (!software_is_due && !protocol_is_due)
      add(Stage::Upgrade, "upgrade.none", "no upgrade is due: every broker runs and speaks 3.9")
          .set_done(true);
    return;
  }
  if (!unknown.empty())
    plan_.add_missing(fmt::format(
        "which release runs on {}, and which inter.broker.protocol.version: an upgrade may be due",
        unknown));
}

void Steps::upgrade_software(bool started) {
  const auto lowest = lowest_broker_release(facts_);
  const std::string pinned =
      lowest ? fmt::format("{}.{}", lowest->major, lowest->minor) : "its release";
  roll(
      {Stage::Upgrade,
       "upgrade.software",
       "upgrade to Kafka 3.9:",
       {log_line("server.log", "Kafka version: 3.9.", "the node")}},
      [&](const LaidOutNode& node) {
        return std::vector<std::string>{
            on_machine(node), "kafka-server-stop",
            fmt::format("# inter.broker.protocol.version={} in server.properties, and Kafka "
                        "3.9.1's libs in place",
                        pinned),
            "kafka-server-start -daemon server.properties"};
      },
      [&](const LaidOutNode& node) {
        return started || runs_bridge(facts_of(facts_, node)) == true;
      });
}

void Steps::upgrade_protocol(bool started) {
  roll(
      {Stage::Upgrade,
       "upgrade.protocol",
       "raise inter.broker.protocol.version to 3.9:",
       {command("kafka-configs --bootstrap-server $BOOTSTRAP --describe --all --entity-type "
                "brokers --entity-name ID",
                "inter.broker.protocol.version=3.9 of every broker")}},
      [&](const LaidOutNode& node) {
        std::vector<std::string> commands = restart_commands(node, Stage::Upgrade);
        commands.insert(
            commands.begin() + 1,
            "# it sets inter.broker.protocol.version=3.9: no way back to an older release");
        return commands;
      },
      [&](const LaidOutNode& node) {
        return started || speaks_bridge(facts_of(facts_, node)) == true;
      });
}

void Steps::controllers() {
  const std::string cluster = facts_.cluster_id().value_or("$CLUSTER_ID");
  for (const LaidOutNode& controller : layout_.controllers) {
    zk2kraft::PlanStep& step = add(Stage::Controllers, "controllers." + controller.name,
                                   fmt::format("format and start {}", controller.name));
    step.add_nodes(controller.name);
    step.add_only_if(
        "its log directory is new: a controller that was ever started without the flag cannot "
        "migrate");
    step.add_commands(render_command(Stage::Controllers, controller.name) + controllers_said_);
    step.add_commands(fmt::format("scp rendered/S1/{}/server.properties {}:server.properties",
                                  controller.name, machine_of(controller)));
    step.add_commands(on_machine(controller));
    step.add_commands(
        fmt::format("kafka-storage format --cluster-id={} --config server.properties", cluster));
    step.add_commands(
        "# log4j.logger.org.apache.kafka.metadata.migration=TRACE in its log4j.properties shows "
        "what the driver writes");
    step.add_commands("kafka-server-start -daemon server.properties");
    *step.add_gates() = log_line("server.log", "Kafka Server started", "the node");
    step.set_done(step.done() ||
                  (controller.exists && facts_.phase >= Phase::S1 && facts_.phase <= Phase::S8));
  }
  zk2kraft::PlanStep& step = add(Stage::Controllers, "controllers.quorum",
                                 "the quorum has a leader and waits for brokers");
  *step.add_gates() = of_every("ZkMigrationState", "2");
  *step.add_gates() =
      metric("ActiveControllerCount", "1 on one of the controllers", "one controller", "1");
  *step.add_gates() =
      logged("transitioning from WAIT_FOR_CONTROLLER_QUORUM to WAIT_FOR_BROKERS state");
  *step.add_gates() =
      znode("/migration", "kraft_metadata_offset is -1", "\"kraft_metadata_offset\":-1");
}

void Steps::migration_mode() {
  const auto is_done = [&](const LaidOutNode& node) {
    if (passed(Stage::MigrationMode)) return true;
    return facts_.phase == Phase::S2 &&
           (registration(facts_, node) != nullptr || node.shape == TargetShape::MigratingBroker);
  };
  roll(
      {Stage::MigrationMode,
       "migration-mode",
       "restart with the migration flag:",
       {znode("/brokers/ids/ID", "it is there again", "listener_security_protocol_map"),
        command("zk2kraft dump $CONTROLLER/__cluster_metadata-0",
                "a RegisterBrokerRecord of it, isMigratingZkBroker true")}},
      [&](const LaidOutNode& node) { return restart_commands(node, Stage::MigrationMode); },
      is_done);
}

void Steps::copy() {
  zk2kraft::PlanStep& step =
      add(Stage::Copy, "copy.wait",
          "the copy runs by itself once the last broker is back: restart nobody");
  *step.add_gates() = logged("Completed migration of metadata from ZooKeeper to KRaft");
  *step.add_gates() =
      logged("transitioning from KRAFT_CONTROLLER_TO_BROKER_COMM to DUAL_WRITE state");
  *step.add_gates() = of_every("ZkMigrationState", "1");
  *step.add_gates() = of_active("MigratingZkBrokerCount", std::to_string(layout_.brokers.size()));
  *step.add_gates() =
      znode("/controller", "brokerid is a controller's, kraftControllerEpoch is not -1",
            "\"kraftControllerEpoch\":[0-9]");
}

void Steps::hybrid() {
  zk2kraft::PlanStep* step =
      &add(Stage::Hybrid, "hybrid.verify", "prove that both stores are equal");
  step->add_commands(
      "tools/collect                     # on the ensemble's machines and on the controllers, at "
      "one moment");
  step->add_commands("zk2kraft diff --from $FLEET --to $FLEET");
  step->add_commands("zk2kraft status $FLEET");
  *step->add_gates() =
      command("zk2kraft diff --from $FLEET --to $FLEET", "equal: exits with 0", "exit 0");
  *step->add_gates() = command("zk2kraft status $FLEET", "healthy: exits with 0", "exit 0");
  step = &add(Stage::Hybrid, "hybrid.next",
              "ask whether the brokers may go to KRaft mode, and whether the way back is open");
  step->add_commands("zk2kraft gate next $FLEET");
  step->add_commands("zk2kraft gate rollback $FLEET");
  *step->add_gates() = command("zk2kraft gate next $FLEET", "OPEN", "exit 0");
  *step->add_gates() =
      command("zk2kraft gate rollback $FLEET",
              "OPEN, or closed by the epoch alone, which the way back raises first (KAFKA-20488)");
}

void Steps::kraft_mode() {
  const auto is_done = [&](const LaidOutNode& node) {
    if (passed(Stage::KRaftMode)) return true;
    if (facts_.phase != Phase::S5) return false;
    const auto* const known = registration(facts_, node);
    return known != nullptr ? !known->is_migrating_zk_broker
                            : node.shape == TargetShape::KRaftBroker;
  };
  roll(
      {Stage::KRaftMode,
       "kraft-mode",
       "restart in KRaft mode:",
       {metric("MigratingZkBrokerCount", "one less than before for each"),
        of_active("FencedBrokerCount", "0")}},
      [&](const LaidOutNode& node) { return restart_commands(node, Stage::KRaftMode); }, is_done);
}

void Steps::soak() {
  zk2kraft::PlanStep* step =
      &add(Stage::Soak, "soak.verify", "prove again that both stores are equal");
  step->add_commands("zk2kraft diff --from $FLEET --to $FLEET");
  *step->add_gates() =
      command("zk2kraft diff --from $FLEET --to $FLEET", "equal: exits with 0", "exit 0");
  *step->add_gates() = of_active("MigratingZkBrokerCount", "0");
  step = &add(Stage::Soak, "soak.drill",
              "let the active controller fail once, while there is a way back");
  step->add_commands(
      "# on the active controller: kafka-server-stop; kafka-server-start -daemon "
      "server.properties");
  step->add_commands("zk2kraft status $FLEET");
  *step->add_gates() =
      log_line("controller.log of the new active controller",
               "transitioning from KRAFT_CONTROLLER_TO_BROKER_COMM to DUAL_WRITE state",
               std::string(kActive));
  *step->add_gates() = of_active("FencedBrokerCount", "0");
  *step->add_gates() =
      command("zk2kraft gate rollback $FLEET",
              "OPEN, or says by how much /controller_epoch must be raised (KAFKA-20488)");
  step = &add(Stage::Soak, "soak.wait", "live with it: one week or two");
  *step->add_gates() = of_every("MetadataErrorCount", "0");
  step = &add(Stage::Soak, "soak.backup", "save ZooKeeper's files once more, after its last write");
  step->add_commands("tools/collect                     # on the ensemble's machines");
  *step->add_gates() =
      command("zk2kraft status $FLEET", "names ZooKeeper's files: they can be read");
  step = &add(Stage::Soak, "soak.sign-off", "decide, with names, to give up the way back");
  step->add_commands("zk2kraft gate finalize $FLEET");
  *step->add_gates() = command("zk2kraft gate finalize $FLEET", "OPEN", "exit 0");
}

void Steps::finalise() {
  for (const LaidOutNode* controller : controllers_active_last()) {
    zk2kraft::PlanStep& step =
        add(Stage::Finalise, "finalise." + controller->name,
            fmt::format("restart {} without the migration flag", controller->name));
    step.add_nodes(controller->name);
    step.add_only_if("zk2kraft gate finalize $FLEET is OPEN");
    step.add_only_if("the active controller comes last: take another one first if it is this one");
    for (std::string& each : restart_commands(*controller, Stage::Finalise))
      step.add_commands(std::move(each));
    *step.add_gates() =
        command("kafka-metadata-quorum --bootstrap-server $BOOTSTRAP describe --status",
                "a leader, and every voter's lag is 0", "prints LeaderId");
    step.set_point_of_no_return(true);
    step.set_done(step.done() ||
                  (facts_.phase == Phase::S7 && controller->shape == TargetShape::FinalController));
  }
  zk2kraft::PlanStep& step = add(Stage::Finalise, "finalise.proof", "it is final");
  *step.add_gates() = of_every("ZkMigrationState", "3");
  step.set_point_of_no_return(true);
}

void Steps::clean_up() {
  zk2kraft::PlanStep* step =
      &add(Stage::CleanUp, "clean-up.users", "nobody needs ZooKeeper any more");
  step->add_commands("echo cons | nc $ZK_HOST 2181");
  *step->add_gates() = command("echo cons | nc $ZK_HOST 2181",
                               "no connection of a broker, a controller or a job with --zookeeper");
  step = &add(Stage::CleanUp, "clean-up.zookeeper",
              "take the ensemble out of service, and keep its last snapshot");
  step->add_commands("# on every machine of the ensemble: zkServer.sh stop");
  *step->add_gates() = of_every("MetadataErrorCount", "0");
}

void Steps::towards_four() {
  const MetadataFacts* const log = facts_.latest();
  const bool newest =
      log != nullptr && log->image.features().metadata_version >= sim::kLatestProduction;
  zk2kraft::PlanStep* step =
      &add(Stage::TowardsFour, "towards-4.metadata-version", "metadata.version of 3.9");
  step->add_commands("kafka-features --bootstrap-server $BOOTSTRAP upgrade --release-version 3.9");
  *step->add_gates() =
      command("kafka-features --bootstrap-server $BOOTSTRAP describe", "metadata.version 3.9-IV0");
  step->set_done(newest && facts_.phase == Phase::S8);
  step = &add(Stage::TowardsFour, "towards-4.java", "Java 17 for brokers and controllers");
  std::set<std::string> old;
  for (const NodeFacts& node : facts_.nodes) {
    if (!node.java) continue;
    const auto release = release_of(*node.java + ".0");
    if (release && release->major < 17)
      old.insert(fmt::format("{} runs Java {}", node.name, *node.java));
  }
  for (const std::string& each : old) step->add_only_if(each);
  *step->add_gates() = command("java -version", "17 or later on every machine");
  step = &add(Stage::TowardsFour, "towards-4.keys",
              "configs that Kafka 4 refuses or ignores are gone, log4j is log4j2");
  step->add_commands("zk2kraft check $FLEET --phase S8");
  *step->add_gates() = command("zk2kraft check $FLEET --phase S8", "no finding of C16");
  step = &add(Stage::TowardsFour, "towards-4.clients",
              "clients older than 2.1 are upgraded: 4.x does not speak to them");
  *step->add_gates() = said_by_a_person(
      "kafka.network:type=RequestMetrics,name=DeprecatedRequestsPerSec is 0 on every broker for a "
      "week");
  step = &add(Stage::TowardsFour, "towards-4.upgrade",
              "upgrade controllers, then brokers, to Kafka 4");
  *step->add_gates() =
      command("kafka-broker-api-versions --bootstrap-server $BOOTSTRAP", "every broker answers");
}

}  // namespace migrate
