#include "migrate/render/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "migrate/plan/steps.h"
#include "sim/base/check.h"

namespace migrate {
namespace {

using zk2kraft::Plan;
using zk2kraft::PlanProof;
using zk2kraft::PlanStep;

// Of every controller, one after the other: what the plan's gates ask of them.
constexpr std::string_view kMetricFunction =
    "metric() { for HOST in $CONTROLLER_HOSTS; do kafka-run-class "
    "org.apache.kafka.tools.JmxTool --jmx-url "
    "service:jmx:rmi:///jndi/rmi://$HOST:$JMX_PORT/jmxrmi --one-time true --object-name \"$1\"; "
    "done; }";

std::string_view host_in(std::string_view endpoint) {
  return endpoint.substr(0, endpoint.rfind(':'));
}

// The ensemble without the chroot: the plan's commands name whole paths.
std::string ensemble(const RenderTarget& target) {
  const auto hosts = [](const NodeConfig& file) -> std::optional<std::string> {
    const auto connect = file.value("zookeeper.connect");
    if (!connect) return std::nullopt;
    return connect->substr(0, connect->find('/'));
  };
  for (const auto* files : {&target.brokers, &target.existing_controllers}) {
    for (const NodeConfig& file : *files) {
      if (auto found = hosts(file)) return *found;
    }
  }
  for (const auto& [id, file] : target.before) {
    if (auto found = hosts(file)) return *found;
  }
  return "ZOOKEEPER:2181";
}

std::string bootstrap(const RenderTarget& target) {
  std::string list;
  for (const NodeConfig& broker : target.brokers) {
    const auto advertised = broker.advertised_listeners();
    const auto name = broker.inter_broker_listener_name();
    if (!advertised || !name) continue;
    for (const Listener& listener : *advertised) {
      if (listener.name != *name) continue;
      list += fmt::format("{}{}:{}", list.empty() ? "" : ",", listener.host, listener.port);
    }
  }
  return list.empty() ? "BROKER:9092" : list;
}

std::string controller_hosts(const RenderTarget& target) {
  std::string hosts;
  for (const Voter& voter : target.controllers)
    hosts += fmt::format("{}{}", hosts.empty() ? "" : " ", host_in(voter.endpoint));
  return hosts.empty() ? "CONTROLLER" : hosts;
}

const PlanStep* step_with(const Plan& plan, std::string_view id) {
  for (const PlanStep& step : plan.steps()) {
    if (step.id() == id) return &step;
  }
  return nullptr;
}

std::vector<const PlanStep*> steps_of(const Plan& plan, Phase phase) {
  std::vector<const PlanStep*> steps;
  for (const PlanStep& step : plan.steps()) {
    if (step.phase() == name_of(phase)) steps.push_back(&step);
  }
  return steps;
}

// ── Text ────────────────────────────────────────────────────────────────────────────────────────

void print_proof(const PlanStep& step, const PlanProof& proof, const std::string& root,
                 std::string& out) {
  const bool is_template = proof.where().find("/ID") != std::string::npos ||
                           proof.where().find("name ID") != std::string::npos;
  const auto& commands = step.commands();
  const bool was_given = std::ranges::find(commands, proof.where()) != commands.end();
  if (proof.kind() == "metric")
    out += fmt::format("metric {}   # {}\n", proof.where(), proof.expect());
  else if (proof.kind() == "znode" && !is_template)
    out +=
        fmt::format("zookeeper-shell $ZK get {}{}   # {}\n", root, proof.where(), proof.expect());
  else if (proof.kind() == "command" && !is_template && !was_given)
    out += fmt::format("{}   # {}\n", proof.where(), proof.expect());
  else if (proof.kind() == "log")
    out += fmt::format("#    {}: '{}'\n", proof.where(), proof.expect());
  else
    out += fmt::format("#    {}: {}\n", proof.where(), proof.expect());
}

void print_step(const PlanStep& step, const std::string& root, std::string& out) {
  if (step.done()) {
    out += "#    it is done, as far as the files show\n";
    return;
  }
  for (const std::string& each : step.only_if()) out += fmt::format("#    only if: {}\n", each);
  for (const std::string& command : step.commands()) out += command + "\n";
  if (step.gates().empty()) return;
  out += "#    before the next:\n";
  for (const PlanProof& proof : step.gates()) print_proof(step, proof, root, out);
}

std::string print_road(const std::vector<const PlanStep*>& steps, std::string_view prefix,
                       const std::string& root) {
  std::string out;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    out += fmt::format("\n# {}{}. {}: {}{}\n", prefix, i + 1, steps[i]->id(), steps[i]->title(),
                       steps[i]->point_of_no_return() ? " - THE POINT OF NO RETURN" : "");
    print_step(*steps[i], root, out);
  }
  return out;
}

std::string print_way_back(const Plan& plan, Phase phase, const PlanStep& last,
                           const std::string& root) {
  std::string out = "\n# ── The way back ──\n";
  if (phase == Phase::R2) return out + "# This is the way back. Another attempt begins at S0.\n";
  if (phase == Phase::R1) return out + print_road(steps_of(plan, Phase::R2), "B", root);
  if (!last.way_back_note().empty()) out += fmt::format("# {}\n", last.way_back_note());
  std::vector<const PlanStep*> steps;
  for (const std::string& id : last.way_back()) {
    steps.push_back(step_with(plan, id));
    sim::check(steps.back() != nullptr, "a way back names steps of the same plan");
  }
  return out + print_road(steps, "B", root);
}

// Whether a line begins with the function, resp. a word of it is the variable.
bool uses(std::string_view text, std::string_view definition) {
  const bool is_function = definition.find("()") < definition.find('=');
  const std::string name(definition.substr(0, definition.find_first_of("=(")));
  if (is_function) return text.find("\n" + name + " ") != std::string_view::npos;
  const std::string variable = "$" + name;
  for (auto at = text.find(variable); at != std::string_view::npos;
       at = text.find(variable, at + 1)) {
    const std::string_view behind = text.substr(at + variable.size());
    const char next = behind.empty() ? ' ' : behind.front();
    const bool goes_on =
        (next >= 'A' && next <= 'Z') || (next >= '0' && next <= '9') || next == '_';
    if (!goes_on) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> command_variables(const RenderTarget& target, const ClusterFacts& facts,
                                           const std::string& source) {
  std::vector<std::string> variables{
      "FLEET=" + source,
      "ZK=" + shell_word(ensemble(target)),
      "ZK_HOST=" + shell_word(ensemble(target).substr(0, ensemble(target).find_first_of(":,"))),
      "BOOTSTRAP=" + shell_word(bootstrap(target)),
      "CONTROLLER_HOSTS=" + shell_word(controller_hosts(target)),
      "JMX_PORT=9999                            # on each controller",
      "CLUSTER_ID=" + shell_word(facts.cluster_id().value_or("CLUSTER_ID")),
      "CONTROLLER=controller-3000               # the folder of one, in $FLEET",
      "CONTROLLERS=3000@HOST:9093               # controller.quorum.voters to be",
      "CONTROLLER_LISTENER=CONTROLLER:PLAINTEXT # theirs",
      "LOG_DIR=/var/lib/kafka                   # on each broker",
      "METADATA_LOG_DIR=/var/lib/kafka/metadata # on each controller",
      std::string(kMetricFunction),
  };
  const Layout layout = lay_out(facts, target.controllers);
  for (const auto* nodes : {&layout.brokers, &layout.controllers}) {
    for (const LaidOutNode& node : *nodes) {
      const std::string machine = machine_of(node);
      if (machine.starts_with('$'))
        variables.push_back(fmt::format("{}={}   # its host", machine.substr(1), node.name));
    }
  }
  return variables;
}

std::string command_sheet(const Plan& plan, Phase phase, const ClusterFacts& facts,
                          const std::vector<std::string>& variables) {
  const std::string root = facts.zookeeper ? facts.zookeeper->root : std::string();
  const auto steps = steps_of(plan, phase);
  std::string text = steps.empty() ? "\n# No step: no broker is known.\n"
                                   : print_road(steps, "", root) +
                                         print_way_back(plan, phase, *steps.back(), root);
  std::string out =
      "# Correct what differs on your machines, then paste step by step: what follows '# on NAME:' "
      "there,\n# the rest where FLEET is. Kafka's scripts are named as in packages; in its "
      "archive "
      "they end in .sh.\n";
  // A function uses variables, too, so it is looked at first.
  std::string used;
  for (auto at = variables.rbegin(); at != variables.rend(); ++at) {
    if (uses(text + used, *at)) used = *at + "\n" + used;
  }
  return out + used + text;
}

}  // namespace migrate
