#include "migrate/render/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "migrate/config/definitions.h"
#include "sim/base/check.h"

namespace migrate {
namespace {

// At TRACE it says what the driver writes, and whom it waits for (KIP-866, docs/ops).
constexpr std::string_view kDriverLogger = "log4j.logger.org.apache.kafka.metadata.migration";
constexpr std::string_view kHealthy =
    "no partition is listed: kafka-topics.sh --describe --under-replicated-partitions prints "
    "nothing";

std::string host_in(std::string_view endpoint) {
  return std::string(endpoint.substr(0, endpoint.rfind(':')));
}

// What commands say of one node.
struct Machine {
  std::string name;
  std::int64_t id = -1;
  std::string host;
  std::string log_dir;  // of its metadata
};

class CommandWriter {
 public:
  CommandWriter(const RenderedFleet& fleet, const ClusterFacts& facts, const std::string& source)
      : fleet_(fleet), facts_(facts), source_(source) {
    for (const NodeFacts& node : facts.nodes) {
      if (node.config) add_machine(node);
    }
    for (const RenderedNode& node : fleet.nodes) {
      if (!node.before) add_new_controller(node);
    }
  }

  CommandSheet write() && {
    CommandSheet sheet{.variables = variables(), .forward = {}, .back = {}, .no_way_back = ""};
    steps_ = &sheet.forward;
    write_forward();
    steps_ = &sheet.back;
    write_back(sheet);
    return sheet;
  }

 private:
  void add_machine(const NodeFacts& node) {
    Machine machine{.name = node.name,
                    .id = node.config->node_id(),
                    .host = node.host.value_or(""),
                    .log_dir = node.config->metadata_log_dir()};
    if (machine.host.empty()) machine.host = host_of(*node.config);
    if (machine.host.empty()) machine.host = node.name;
    (node.is_controller() ? controllers_ : brokers_).push_back(std::move(machine));
  }

  std::string host_of(const NodeConfig& config) const {
    for (const Voter& voter : fleet_.target.controllers) {
      if (voter.id.value() == config.node_id()) return host_in(voter.endpoint);
    }
    const auto advertised = config.advertised_listeners();
    return advertised && !advertised->empty() ? advertised->front().host : "";
  }

  void add_new_controller(const RenderedNode& node) {
    const NodeConfig config(node.after);
    controllers_.push_back(
        {node.name, config.node_id(), host_of(config), config.metadata_log_dir()});
  }

  std::vector<std::string> variables() const {
    std::vector<std::string> lines{
        "FLEET=" + source_,
        "ZK=" + shell_word(zookeeper_connect()),
        "BOOTSTRAP=" + shell_word(bootstrap()),
        "CONFIG=/etc/kafka/server.properties  # on each node",
        "SERVICE=kafka                        # on each node",
        "LOG4J=/etc/kafka/log4j.properties    # on each controller",
        "JMX_PORT=9999                        # on each node",
    };
    if (!fleet_.target.controllers.empty())
      lines.push_back("CONTROLLER=" + shell_word(fleet_.target.controllers.front().endpoint));
    if (const auto id = facts_.cluster_id())
      lines.push_back("CLUSTER_ID=" + shell_word(*id));
    else
      lines.emplace_back(
          "CLUSTER_ID=$(zookeeper-shell.sh $ZK get /cluster/id | sed -n "
          "'s/.*\"id\":\"\\([^\"]*\\)\".*/\\1/p')");
    return lines;
  }

  std::string zookeeper_connect() const {
    for (const auto* files : {&fleet_.target.brokers, &fleet_.target.existing_controllers}) {
      for (const NodeConfig& file : *files) {
        if (const auto connect = file.value("zookeeper.connect")) return *connect;
      }
    }
    for (const auto& [id, file] : fleet_.target.before) {
      if (const auto connect = file.value("zookeeper.connect")) return *connect;
    }
    return "ZOOKEEPER:2181";
  }

  std::string bootstrap() const {
    std::string list;
    for (const NodeConfig& broker : fleet_.target.brokers) {
      const auto advertised = broker.advertised_listeners();
      const auto name = broker.inter_broker_listener_name();
      if (!advertised || !name) continue;
      for (const Listener& listener : *advertised) {
        if (listener.name == *name)
          list += fmt::format("{}{}:{}", list.empty() ? "" : ",", listener.host, listener.port);
      }
    }
    return list.empty() ? "BROKER:9092" : list;
  }

  // ── Words ─────────────────────────────────────────────────────────────────────────────────────

  void step(std::string what, std::vector<std::string> commands, std::string proof = "") {
    steps_->push_back({std::move(what), std::move(commands), std::move(proof)});
  }

  static std::string on(const Machine& machine, std::string_view command) {
    return fmt::format("ssh {} \"{}\"", shell_word(machine.host), command);
  }
  static std::string copy_file(const Machine& machine, Phase phase) {
    return fmt::format("scp rendered-{}/{}/server.properties {}:$CONFIG", name_of(phase),
                       shell_word(machine.name), shell_word(machine.host));
  }
  static std::string keep_file(const Machine& machine, Phase phase) {
    return on(machine, fmt::format("sudo cp -p $CONFIG $CONFIG.before-{}", name_of(phase)));
  }
  static std::string restart(const Machine& machine) {
    return on(machine, "sudo systemctl restart $SERVICE");
  }
  static std::string metric(const Machine& machine, std::string_view bean) {
    return fmt::format(
        "kafka-run-class.sh org.apache.kafka.tools.JmxTool --jmx-url "
        "service:jmx:rmi:///jndi/rmi://{}:$JMX_PORT/jmxrmi --one-time true --object-name {}",
        machine.host, bean);
  }
  static std::string state_of(const Machine& machine) {
    return metric(machine, "kafka.controller:type=KafkaController,name=ZkMigrationState");
  }
  std::vector<std::string> states() const {
    std::vector<std::string> commands;
    for (const Machine& machine : controllers_) commands.push_back(state_of(machine));
    return commands;
  }
  static std::string lagging() {
    return "kafka-topics.sh --bootstrap-server $BOOTSTRAP --describe --under-replicated-partitions";
  }

  void render_files(Phase phase, bool with_before) {
    step(fmt::format("make the files of {}", name_of(phase)),
         {fmt::format("zk2kraft render $FLEET --phase {}{} -o rendered-{}", name_of(phase),
                      with_before ? " --before $BEFORE" : asked_for(), name_of(phase))},
         "every file is written: no problem and no question");
  }

  // Options without which the same files cannot be made again.
  std::string asked_for() const {
    if (!fleet_.target.controllers_are_asked_for) return "";
    std::string options = " --controllers " + shell_word(fleet_.target.quorum_voters.value_or(""));
    for (const auto& [name, protocol] : fleet_.target.controller_protocols)
      options += fmt::format(" --controller-listener {}:{}", shell_word(name), protocol);
    if (fleet_.target.controller_log_dir != RenderOptions().controller_log_dir)
      options += " --controller-log-dir " + shell_word(fleet_.target.controller_log_dir);
    return options;
  }

  // One by one, each back in sync before the next.
  void roll_brokers(Phase phase, std::string_view how, std::string_view proof) {
    for (const Machine& broker : brokers_)
      step(fmt::format("{}: restart it {}", broker.name, how),
           {keep_file(broker, phase), copy_file(broker, phase), restart(broker), lagging()},
           fmt::format("{}; {}", proof, kHealthy));
  }

  // ── Forward ───────────────────────────────────────────────────────────────────────────────────

  void write_forward() {
    switch (fleet_.phase) {
      case Phase::S0:
        return prepare();
      case Phase::S1:
        return start_controllers();
      case Phase::S2:
        return enter_migration_mode();
      case Phase::S3:
        return step("wait for the copy; restart nobody", states(),
                    "ZkMigrationState is 1 on every controller, and the active one's log says "
                    "'Completed migration of metadata from ZooKeeper to KRaft'");
      case Phase::S4:
        return verify_copy();
      case Phase::S5:
        return enter_kraft_mode();
      case Phase::S6:
        return soak();
      case Phase::S7:
        return finalise();
      case Phase::S8:
        return step("stop ZooKeeper, and keep its last snapshot",
                    {"zk2kraft gate next $FLEET",
                     "# on each machine of the ensemble: sudo systemctl stop zookeeper"},
                    "no node of Kafka has a connection to it: /controller and /migration may stay");
      case Phase::R1:
        return back_to_migration_mode();
      case Phase::R2:
        return back_to_zookeeper(true);
    }
    sim::unreachable("a phase is one of these");
  }

  void prepare() {
    step("look for what blocks the migration", {"zk2kraft check $FLEET"}, "it ends with 0 or 2");
    std::vector<std::string> commands{"cp -a $FLEET fleet-of-before"};
    step("keep the files as they are: the way back restores from them", std::move(commands));
    const bool changed =
        std::ranges::any_of(fleet_.nodes, [](const auto& node) { return node.is_changed(); });
    if (!changed) return;
    render_files(Phase::S0, false);
    roll_brokers(Phase::S0, "with its id and protocol version", "it is back");
  }

  void start_controllers() {
    step("see that the ids are free and that nothing is left of an earlier attempt",
         {"zk2kraft gate retry $FLEET", "zookeeper-shell.sh $ZK ls /"}, "there is no /migration");
    render_files(Phase::S1, false);
    for (const Machine& controller : controllers_)
      step(fmt::format("{}: format its storage with the cluster's id, and start it",
                       controller.name),
           {copy_file(controller, Phase::S1),
            on(controller, fmt::format("echo {}=TRACE | sudo tee -a $LOG4J", kDriverLogger)),
            on(controller, "sudo kafka-storage.sh format --cluster-id=$CLUSTER_ID -c $CONFIG"),
            on(controller, "sudo systemctl start $SERVICE")},
           "");
    std::vector<std::string> commands{
        "kafka-metadata-quorum.sh --bootstrap-controller $CONTROLLER describe --status"};
    for (std::string& each : states()) commands.push_back(std::move(each));
    step("see that the quorum waits for the brokers", std::move(commands),
         "there is a leader; ZkMigrationState is 2 on every controller");
  }

  void enter_migration_mode() {
    step(
        "agree with the tenants on a freeze: no change of metadata is accepted until the copy is "
        "complete",
        {"zk2kraft gate next $FLEET"}, "the gate is open");
    render_files(Phase::S2, false);
    roll_brokers(Phase::S2, "with the migration flag", "it has registered with the controllers");
    step("the copy begins by itself with the last of them: wait for it", states(),
         "ZkMigrationState is 1 on every controller");
  }

  void verify_copy() {
    std::vector<std::string> commands{"zk2kraft gate next $FLEET"};
    for (std::string& each : states()) commands.push_back(std::move(each));
    for (const Machine& controller : controllers_)
      commands.push_back(
          metric(controller, "kafka.controller:type=KafkaController,name=ZkWriteBehindLag"));
    commands.emplace_back("zookeeper-shell.sh $ZK get /controller");
    step("see that both stores say the same", std::move(commands),
         "the gate is open, ZkMigrationState 1, ZkWriteBehindLag 0 on the active controller, "
         "/controller names a controller");
  }

  void enter_kraft_mode() {
    step("see that the copy is sound", {"zk2kraft gate next $FLEET"}, "the gate is open");
    render_files(Phase::S5, false);
    roll_brokers(Phase::S5, "in KRaft mode", "MigratingZkBrokerCount fell by one, it is unfenced");
    std::vector<std::string> commands;
    for (const Machine& controller : controllers_)
      commands.push_back(
          metric(controller, "kafka.controller:type=KafkaController,name=MigratingZkBrokerCount"));
    step("see that none is left in ZooKeeper mode", std::move(commands),
         "MigratingZkBrokerCount is 0 on the active controller");
  }

  void soak() {
    std::vector<std::string> commands{"zk2kraft gate rollback $FLEET",
                                      "zk2kraft gate finalize $FLEET"};
    for (const Machine& controller : controllers_)
      commands.push_back(
          metric(controller, "kafka.controller:type=KafkaController,name=ZkWriteBehindLag"));
    step("let it run for a week or two, and ask both gates each day", std::move(commands),
         "ZkWriteBehindLag is near 0; finalise only while the gate is open");
  }

  // The record that ends the way back is written by the first leader without the flag
  // (migration.md §1.4): whoever leads now is restarted last.
  void finalise() {
    step("THE POINT OF NO RETURN comes with the first restart: have it signed off",
         {"zk2kraft gate finalize $FLEET",
          "kafka-metadata-quorum.sh --bootstrap-controller $CONTROLLER describe --status"},
         "the gate is open; LeaderId names the controller that comes last below");
    render_files(Phase::S7, false);
    for (const Machine& controller : controllers_)
      step(fmt::format("{}: restart it without the flag, unless it leads: then last",
                       controller.name),
           {keep_file(controller, Phase::S7), copy_file(controller, Phase::S7),
            on(controller, fmt::format("sudo sed -i '/^{}=/d' $LOG4J", kDriverLogger)),
            restart(controller),
            "kafka-metadata-quorum.sh --bootstrap-controller $CONTROLLER describe "
            "--replication"},
           "it follows without lag");
    step("see that it is over", states(), "ZkMigrationState is 3 on every controller");
  }

  // ── Back ──────────────────────────────────────────────────────────────────────────────────────

  void write_back(CommandSheet& sheet) {
    switch (fleet_.phase) {
      case Phase::S0:
        sheet.no_way_back = "There is nothing to go back from: ZooKeeper leads.";
        return;
      case Phase::S1:
        return remove_controllers();
      case Phase::S2:
        back_before_the_copy();
        return;
      case Phase::S3:
      case Phase::S4:
      case Phase::R1:
        return back_to_zookeeper(true);
      case Phase::S5:
      case Phase::S6:
        back_to_migration_mode();
        return back_to_zookeeper(false);
      case Phase::S7:
      case Phase::S8:
        sheet.no_way_back =
            "There is no way back once a controller without the flag has led: zk2kraft gate "
            "rollback $FLEET says whether one has.";
        return;
      case Phase::R2:
        sheet.no_way_back = "This is the way back. Another attempt begins at S0.";
        return;
    }
    sim::unreachable("a phase is one of these");
  }

  void stop_controllers() {
    std::vector<std::string> commands{
        "kafka-metadata-quorum.sh --bootstrap-controller $CONTROLLER describe --status"};
    for (const Machine& controller : controllers_)
      commands.push_back(on(controller, "sudo systemctl stop $SERVICE"));
    step("stop every controller, LeaderId last", std::move(commands),
         "none runs: a controller that is left would claim the cluster again");
  }

  void empty_controllers() {
    std::vector<std::string> commands;
    for (const Machine& controller : controllers_) {
      const std::string dir =
          controller.log_dir.empty() ? "LOG_DIR" : shell_word(controller.log_dir);
      commands.push_back(
          on(controller, fmt::format("sudo rm -rf {0}/__cluster_metadata-0 {0}/meta.properties "
                                     "{0}/bootstrap.checkpoint",
                                     dir)));
    }
    step("empty the controllers' storage: another attempt must not find it", std::move(commands));
  }

  void remove_controllers() {
    stop_controllers();
    step("delete what they left", {"zookeeper-shell.sh $ZK delete /migration"},
         "zookeeper-shell.sh $ZK ls / shows no /migration");
    empty_controllers();
  }

  void back_before_the_copy() {
    step("see that nothing was copied yet; else go back from S4",
         {"zookeeper-shell.sh $ZK get /controller"}, "it names a broker");
    render_files(Phase::R2, false);
    roll_brokers(Phase::R2, "without the flag, if it had it", "it is back");
    remove_controllers();
  }

  void back_to_migration_mode() {
    step("see that the way back is open",
         {"zk2kraft gate rollback $FLEET", "BEFORE=fleet-of-before"}, "the gate is open");
    render_files(Phase::R1, true);
    roll_brokers(Phase::R1, "in ZooKeeper mode, with the flag",
                 "it is in /brokers/ids: zookeeper-shell.sh $ZK ls /brokers/ids");
  }

  void back_to_zookeeper(bool ask) {
    if (ask)
      step("see that the way back is open, and every broker in ZooKeeper mode",
           {"zk2kraft gate rollback $FLEET", "zookeeper-shell.sh $ZK ls /brokers/ids",
            "zookeeper-shell.sh $ZK get /controller_epoch"},
           "the gate is open, with files taken when the last broker was back");
    else
      step("take the files again, and ask again",
           {"zk2kraft gate rollback $FLEET", "zookeeper-shell.sh $ZK get /controller_epoch"},
           "the gate is open");
    step("make the files first: the next steps follow each other quickly",
         {"zk2kraft render $FLEET --phase R2 -o rendered-R2"}, "");
    stop_controllers();
    step("raise the epoch of ZooKeeper's controllers, never lower it (KAFKA-20488)",
         {"zookeeper-shell.sh $ZK get /controller_epoch",
          fmt::format("zookeeper-shell.sh $ZK set /controller_epoch {}",
                      safe_controller_epoch(facts_))},
         "'get' printed less than 'set' wrote");
    step("AT ONCE, because nobody leads: let a broker be elected",
         {"zookeeper-shell.sh $ZK delete /controller", "zookeeper-shell.sh $ZK get /migration",
          "zookeeper-shell.sh $ZK delete /migration", "zookeeper-shell.sh $ZK get /controller"},
         "/controller names a broker; if not, restart the first broker below at once");
    roll_brokers(Phase::R2, "without the flag", "it is back");
    empty_controllers();
  }

  const RenderedFleet& fleet_;
  const ClusterFacts& facts_;
  std::string source_;
  std::vector<Machine> brokers_;
  std::vector<Machine> controllers_;
  std::vector<CommandStep>* steps_ = nullptr;
};

void print_steps(const std::vector<CommandStep>& steps, std::string_view prefix, std::string& out) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    out += fmt::format("\n# {}{}. {}\n", prefix, i + 1, steps[i].what);
    for (const std::string& command : steps[i].commands) out += command + "\n";
    if (!steps[i].proof.empty()) out += fmt::format("#    before the next: {}\n", steps[i].proof);
  }
}

}  // namespace

CommandSheet commands_for(const RenderedFleet& fleet, const ClusterFacts& facts,
                          const std::string& source) {
  return CommandWriter(fleet, facts, source).write();
}

std::string printed(const CommandSheet& sheet) {
  std::string out = "# Correct what differs on your machines, then paste step by step.\n";
  for (const std::string& line : sheet.variables) out += line + "\n";
  print_steps(sheet.forward, "", out);
  out += "\n# ── The way back ──\n";
  if (!sheet.no_way_back.empty()) out += "# " + sheet.no_way_back + "\n";
  print_steps(sheet.back, "B", out);
  return out;
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos)
    return std::string(text);
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace migrate
